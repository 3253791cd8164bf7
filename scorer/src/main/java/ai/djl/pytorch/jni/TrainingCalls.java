package ai.djl.pytorch.jni;

import ai.djl.pytorch.engine.PtSymbolBlock;
import java.util.Arrays;

/**
 * Calls of TorchScript methods outside libtorch's inference mode, so that gradients can be computed.
 *
 * <p>DJL's native library takes that choice as an argument, but {@link IValueUtils#runMethod} always asks for inference
 * mode, and the public way to train ({@code Block.forward} with an NDList) passes neither texts nor numbers nor
 * dictionaries that stay on the device. The native call and IValue's constructor are package-private: hence a class in
 * DJL's package. Should a new version of DJL change them, this does not compile.
 */
public final class TrainingCalls {
    private TrainingCalls() {}

    /** As {@link IValueUtils#runMethod}, outside inference mode. */
    public static IValue runMethod(PtSymbolBlock block, String method, IValue... arguments) {
        long[] handles = Arrays.stream(arguments).mapToLong(IValue::getHandle).toArray();
        return new IValue(PyTorchLibrary.LIB.moduleRunMethod(block.getHandle(), method, handles, true, false));
    }
}

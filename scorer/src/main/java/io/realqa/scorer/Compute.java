package io.realqa.scorer;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.util.Utils;
import ai.djl.util.cuda.CudaUtils;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where and in which precision the model computes.
 *
 * @param device libtorch's name of the device, such as cpu or cuda:0
 * @param bfloat16 compute in bfloat16 rather than float32
 */
public record Compute(String device, boolean bfloat16) {
    /** float32 on the CPU. */
    public static final Compute CPU = new Compute("cpu", false);

    /** DJL's name for which libtorch it is to load: cpu, or a CUDA version such as cu128. */
    private static final String FLAVOR = "PYTORCH_FLAVOR";

    public Compute {
        if (!device.equals("cpu") && !device.matches("cuda:\\d+")) {
            throw new IllegalArgumentException("device: " + device + " (expected: cpu or cuda:NUMBER)");
        }
    }

    /** On the first GPU where libtorch has one, in bfloat16, else on the CPU, in float32; errors as below. */
    public static Compute ofThisMachine() {
        return ofThisMachine(Precision.AUTO);
    }

    /**
     * On the first GPU where libtorch has one, else on the CPU.
     *
     * @throws ModelException if a libtorch for GPUs was asked for and no GPU is found: a model of billions of parameters
     *     would be slow without a word
     */
    public static Compute ofThisMachine(Precision precision) {
        EngineSettings.apply();
        return of(Engine.getEngine("PyTorch").getGpuCount(), Utils.getEnvOrSystemProperty(FLAVOR), precision);
    }

    static Compute of(int gpus, @Nullable String flavor, Precision precision) {
        if (gpus == 0 && flavor != null && flavor.startsWith("cu")) {
            throw new ModelException(
                    FLAVOR + ": " + flavor + ", but no GPU is found (expected: a GPU with its driver, and"
                            + " libcudart.so, by that name, where the system looks for libraries or jna.library.path says)");
        }
        boolean bfloat16 = switch (precision) {
            case AUTO -> gpus > 0;
            case FLOAT32 -> false;
            case BFLOAT16 -> true;
        };
        return new Compute(gpus > 0 ? "cuda:0" : CPU.device, bfloat16);
    }

    /** How many batches should run at a time: one on a GPU, as many as there are cores for on a CPU. */
    public int workers() {
        return onCpu() ? Math.max(1, Runtime.getRuntime().availableProcessors() / EngineSettings.threadsPerBatch()) : 1;
    }

    /** Memory of the device in bytes, whoever uses it; of the machine for a CPU. */
    public long memory() {
        if (onCpu()) {
            return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        }
        int number = Integer.parseInt(device.substring("cuda:".length()));
        return CudaUtils.getGpuMemory(Device.gpu(number)).getMax();
    }

    /** Whether the device is the CPU. */
    public boolean onCpu() {
        return device.equals(CPU.device);
    }

    /** The precision that is computed in. */
    public Precision precision() {
        return bfloat16 ? Precision.BFLOAT16 : Precision.FLOAT32;
    }

    /** Whether this machine's processors have AVX-512; unknown other than on Linux, and then not. */
    static boolean hasAvx512() {
        return hasFlag("avx512f");
    }

    /** Whether this machine's processors multiply in bfloat16; unknown other than on Linux on x86, and then not. */
    public static boolean cpuHasBfloat16() {
        return hasFlag("avx512_bf16") || hasFlag("amx_bf16");
    }

    private static boolean hasFlag(String flag) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags"))
                    .anyMatch(line -> (line + " ").contains(" " + flag + " "));
        } catch (IOException e) {
            return false;
        }
    }

    /** The type of computation. */
    Safetensors.Dtype dtype() {
        return bfloat16 ? Safetensors.Dtype.BF16 : Safetensors.Dtype.F32;
    }
}

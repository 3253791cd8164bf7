package io.realqa.streams.scoring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A plain picture that any working device can score. */
public final class ProbeImage {
    private static final int HEADER = 54;
    private static final byte GREY = (byte) 0x80;

    private ProbeImage() {}

    /**
     * A grey square as a BMP file.
     *
     * @param side pixels, a multiple of 4, so that rows need no padding
     */
    public static byte[] grey(int side) {
        byte[] file = new byte[HEADER + 3 * side * side];
        Arrays.fill(file, GREY);
        ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        header.put((byte) 'B').put((byte) 'M').putInt(file.length).putInt(0).putInt(HEADER);
        header.putInt(40).putInt(side).putInt(side).putShort((short) 1).putShort((short) 24);
        header.put(new byte[HEADER - header.position()]);
        return file;
    }
}

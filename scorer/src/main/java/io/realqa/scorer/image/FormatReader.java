package io.realqa.scorer.image;

import java.io.IOException;

/** Reads one container format. Stateless; unchecked exceptions and IOExceptions mean a corrupt file. */
interface FormatReader {
    /** The pixels as stored, not yet turned upright. Checks the limits before it allocates for pixels. */
    StoredImage read(byte[] file, ImageLimits limits) throws IOException, ImageRejectedException;

    /**
     * @param image as stored in the file
     * @param orientation EXIF's: 1 (upright) to 8; anything else is read as 1
     */
    record StoredImage(RasterImage image, int orientation) {}
}

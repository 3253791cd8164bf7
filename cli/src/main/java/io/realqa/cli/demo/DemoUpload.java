package io.realqa.cli.demo;

/**
 * One upload of the demonstration.
 *
 * @param name of the photograph, with what was done to it: coffee, coffee+blur3
 * @param file an image file, owned by whoever holds the upload
 */
@SuppressWarnings("ArrayRecordComponent") // identity is all that is needed
record DemoUpload(String name, byte[] file) {}

package io.realqa.cli;

import java.io.BufferedWriter;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Standard output, in UTF-8 whatever the locale. Other than a plain PrintWriter it knows why something could not be
 * written: a full disk or a reader that has gone must not look like success.
 */
public final class Output extends PrintWriter {
    private final Sink sink;

    private Output(Sink sink) {
        super(new BufferedWriter(new OutputStreamWriter(sink, StandardCharsets.UTF_8)), true);
        this.sink = sink;
    }

    static Output to(OutputStream stream) {
        return new Output(new Sink(stream));
    }

    /**
     * Flushes. For each round of a long loop, so that it ends when nobody gets what it prints.
     *
     * @throws OutputException if not all that was printed could be written
     */
    public static void check(PrintWriter out) {
        if (out.checkError()) {
            throw new OutputException(out instanceof Output known ? known.sink.failure : null);
        }
    }

    /** Keeps the first failure: a PrintWriter only remembers that there was one. */
    private static final class Sink extends FilterOutputStream {
        private @Nullable IOException failure;

        Sink(OutputStream stream) {
            super(stream);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            try {
                out.write(bytes, from, length);
            } catch (IOException e) {
                failure = failure == null ? e : failure;
                throw e;
            }
        }
    }
}

package io.realqa.streams.adapters;

import com.sun.net.httpserver.HttpServer;
import io.realqa.store.S3Settings;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Answers S3's request for one object from a folder of buckets; it knows no other, and looks at no signature. */
final class ObjectServer implements AutoCloseable {
    private final HttpServer server;

    ObjectServer(Path folder) throws IOException {
        System.setProperty("aws.accessKeyId", "any");
        System.setProperty("aws.secretAccessKey", "any");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            Path file = folder.resolve(exchange.getRequestURI().getPath().substring(1));
            boolean there = exchange.getRequestMethod().equals("GET") && Files.isRegularFile(file);
            byte[] body = there
                    ? Files.readAllBytes(file)
                    : "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(there ? 200 : 404, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
    }

    S3Settings settings() {
        return new S3Settings("http://127.0.0.1:" + server.getAddress().getPort(), null, null);
    }

    @Override
    public void close() {
        server.stop(0);
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }
}

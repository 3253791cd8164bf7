package io.realqa.streams.topology;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerde;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.generic.GenericContainer;

/** A registry that knows what was registered, answers 404 else, or one status to everything. */
final class TestRegistry implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpServer server;
    private final List<String> schemas = new ArrayList<>();
    private final AvroSerializer<GenericContainer> serializer;
    private final AvroDeserializer<GenericContainer> deserializer;
    private volatile int refusal;

    TestRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String path = exchange.getRequestURI().getPath();
            Map<String, Object> answer;
            int status = 200;
            int id = path.startsWith("/schemas/ids/") ? Integer.parseInt(path.substring(13)) : 0;
            if (refusal > 0) {
                status = refusal;
                answer = Map.of("message", "refused");
            } else if (id > 0 && id <= schemas.size()) {
                answer = Map.of("schema", schemas.get(id - 1));
            } else if (path.endsWith("/versions")) {
                JsonNode request = JSON.readTree(body);
                schemas.add(request.get("schema").asText());
                answer = Map.of("id", schemas.size());
            } else {
                status = 404;
                answer = Map.of("message", "unknown");
            }
            byte[] bytes = JSON.writeValueAsString(answer).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        SchemaRegistryClient client = client(server);
        serializer = new AvroSerializer<>(client);
        serializer.configure(Map.of(), false);
        deserializer = new AvroDeserializer<>(client);
        deserializer.configure(Map.of(), false);
    }

    /** From now on every answer has this status; 0: proper answers. */
    void refuse(int status) {
        refusal = status;
    }

    private static SchemaRegistryClient client(HttpServer server) {
        return new SchemaRegistryClient(
                "http://127.0.0.1:" + server.getAddress().getPort(), null);
    }

    /** Serdes that have seen no schema yet. */
    EventSerdes serdes() {
        return serdes(Map.of());
    }

    /** The same, with names of topics. */
    EventSerdes serdes(Map<Topics, String> names) {
        return new EventSerdes(new AvroSerde<>(client(server)), Map.of(), names);
    }

    byte[] write(String topic, GenericContainer event) {
        return Objects.requireNonNull(serializer.serialize(topic, event));
    }

    <T> T read(Class<T> type, byte[] value) {
        return type.cast(Objects.requireNonNull(deserializer.deserialize("any", value)));
    }

    @Override
    public void close() {
        server.stop(0);
    }
}

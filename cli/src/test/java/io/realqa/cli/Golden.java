package io.realqa.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/** What transformers says of the demonstration checkpoint's photographs. */
final class Golden {
    private Golden() {}

    static JsonNode of(String photo) throws IOException {
        return new ObjectMapper()
                .readTree(ModelOptions.home().resolve("models/demo/golden.json").toFile())
                .path(photo);
    }
}

package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SchemaBoundsTest {
    private static Schema schema(String json) {
        return new Schema.Parser().parse(json.replace('\'', '"'));
    }

    private static String record(String name, String... types) {
        StringBuilder fields = new StringBuilder();
        for (String type : types) {
            fields.append(fields.isEmpty() ? "" : ", ")
                    .append("{'name': 'f")
                    .append(fields.length())
                    .append("', 'type': ")
                    .append(type)
                    .append("}");
        }
        return "{'type': 'record', 'name': '" + name + "', 'fields': [" + fields + "]}";
    }

    @ParameterizedTest
    @EnumSource(Topics.class)
    void everyContractHasItsBounds(Topics topic) {
        assertThatNoException().isThrownBy(() -> SchemaBounds.check(topic.schema()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'null'",
                "{'type': 'array', 'items': 'int'}",
                "{'type': 'map', 'values': 'null'}",
                "{'type': 'array', 'items': ['null', 'int']}",
                "{'type': 'fixed', 'name': 'F', 'size': 16}",
                // a list and a tree
                "{'type': 'record', 'name': 'L', 'fields': [{'name': 'next', 'type': ['null', 'L']}]}",
                "{'type': 'record', 'name': 'T', 'fields': [{'name': 'v', 'type': 'string'}, "
                        + "{'name': 'below', 'type': {'type': 'array', 'items': 'T'}}]}",
            })
    void ordinarySchemasAreTaken(String json) {
        assertThatNoException().isThrownBy(() -> SchemaBounds.check(schema(json)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type': 'array', 'items': 'null'}",
                "{'type': 'array', 'items': {'type': 'record', 'name': 'E', 'fields': []}}",
                "{'type': 'array', 'items': {'type': 'fixed', 'name': 'F', 'size': 0}}",
                "{'type': 'fixed', 'name': 'F', 'size': 1900000000}",
                "['null', {'type': 'fixed', 'name': 'F', 'size': 1900000000}]",
                "{'type': 'record', 'name': 'R', 'fields': [{'name': 'r', 'type': 'R'}]}",
            })
    void whatNeedsMoreMemoryThanItHasBytesIsRefused(String json) {
        assertThatIllegalArgumentException().isThrownBy(() -> SchemaBounds.check(schema(json)));
    }

    @Test
    void recordsThatDoubleWithEveryLevelAreRefused() {
        String below = record("R0");
        for (int i = 1; i < 40; i++) {
            below = record("R" + i, below, "'R" + (i - 1) + "'");
        }
        Schema doubling = schema(below);
        assertThatIllegalArgumentException().isThrownBy(() -> SchemaBounds.check(doubling));
    }

    @Test
    void aListWhoseEveryLinkHoldsManyNothingsIsRefused() {
        String[] nothings = new String[100];
        java.util.Arrays.fill(nothings, "'null'");
        nothings[0] = "['null', 'L']";
        Schema list = schema(record("L", nothings));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SchemaBounds.check(list))
                .withMessageContaining("L: records within records");
    }
}

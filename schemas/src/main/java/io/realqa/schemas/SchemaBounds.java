package io.realqa.schemas;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Field;

/**
 * Refuses schemas whose values may need far more memory or time than they have bytes: anyone may register one, and Avro
 * decodes whatever it says. A value is taken for a tree of nodes (records, numbers, texts, nothings); each byte of it may
 * account for {@value #NODES_PER_BYTE} of them.
 */
final class SchemaBounds {
    /** Records around a number have no byte of their own: so deep may they lie around each. */
    private static final int NODES_PER_BYTE = 8;

    /** What a value may have beyond that. */
    private static final long MOST_NODES = 10_000;

    /** Avro sets memory aside before it looks for the bytes. More than any topic takes. */
    private static final int LARGEST_FIXED = 64 << 20;

    private static final long MUCH = Long.MAX_VALUE / 4;

    private final Map<String, Long> known = new HashMap<>();
    private final Set<String> open = new HashSet<>();
    private final Set<String> recursive = new HashSet<>();

    private SchemaBounds() {}

    /** @throws IllegalArgumentException naming what in the schema has no bound */
    static void check(Schema schema) {
        if (new SchemaBounds().surplus(schema) > MOST_NODES) {
            throw new IllegalArgumentException(schema.getFullName() + ": values of over " + MOST_NODES
                    + " parts without a byte (expected: fewer)");
        }
    }

    /** Nodes of a value less those that its bytes account for, at most; elements of arrays and maps apart. */
    private long surplus(Schema schema) {
        return switch (schema.getType()) {
            case NULL -> 1;
            case INT, LONG, BOOLEAN, ENUM, STRING, BYTES -> 1 - NODES_PER_BYTE;
            case FLOAT -> 1 - 4 * NODES_PER_BYTE;
            case DOUBLE -> 1 - 8 * NODES_PER_BYTE;
            case FIXED -> fixed(schema);
            case ARRAY -> elements(schema, schema.getElementType(), 0);
            case MAP -> elements(schema, schema.getValueType(), 1 - NODES_PER_BYTE);
            case UNION ->
                1
                        - NODES_PER_BYTE
                        + schema.getTypes().stream()
                                .mapToLong(this::surplus)
                                .max()
                                .orElse(0);
            case RECORD -> record(schema);
        };
    }

    private static long fixed(Schema schema) {
        if (schema.getFixedSize() > LARGEST_FIXED) {
            throw new IllegalArgumentException(schema.getFullName() + ": fixed of " + schema.getFixedSize()
                    + " bytes (expected: at most " + LARGEST_FIXED + ")");
        }
        return 1 - (long) NODES_PER_BYTE * schema.getFixedSize();
    }

    /** A value tells how many elements it has in a few bytes: each must account for itself. */
    private long elements(Schema schema, Schema element, int key) {
        boolean later = element.getType() == Schema.Type.RECORD && open.contains(element.getFullName());
        if (later) {
            recursive.add(element.getFullName());
        } else if (surplus(element) + key > 0) {
            throw new IllegalArgumentException(schema.getType().getName() + " of "
                    + element.getFullName() + ": elements with fewer bytes than parts (expected: at least one byte for "
                    + NODES_PER_BYTE + " parts)");
        }
        return 1 - NODES_PER_BYTE;
    }

    private long record(Schema schema) {
        String name = schema.getFullName();
        Long before = known.get(name);
        if (before != null) {
            return before;
        }
        if (!open.add(name)) {
            recursive.add(name);
            return 1;
        }
        long sum = 1;
        for (Field field : schema.getFields()) {
            sum = Math.min(MUCH, sum + surplus(field.schema()));
        }
        open.remove(name);
        if (recursive.contains(name) && sum > 0) {
            throw new IllegalArgumentException(
                    name + ": records within records with fewer bytes than parts (expected: at least one byte for "
                            + NODES_PER_BYTE + " parts)");
        }
        known.put(name, sum);
        return sum;
    }
}

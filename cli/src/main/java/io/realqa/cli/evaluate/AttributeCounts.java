package io.realqa.cli.evaluate;

import io.realqa.measures.ClassTable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Expected and predicted values of every attribute of a file. Not thread-safe. */
final class AttributeCounts {
    /** An attribute with more classes than this is free text: it gets no table. */
    static final int MOST_CLASSES = 24;

    private final AttributeText text;
    private final Map<String, ClassTable> tables = new LinkedHashMap<>();
    private final Map<String, Exact> freeText = new LinkedHashMap<>();

    /**
     * Of a free-text attribute.
     *
     * @param rows that expect a value
     * @param equal rows whose prediction has the same text
     */
    record Exact(long rows, long equal) {
        Exact plus(Exact other) {
            return new Exact(rows + other.rows, equal + other.equal);
        }
    }

    AttributeCounts(AttributeText text) {
        this.text = text;
    }

    /** Counts one row; whether its label states any attribute. */
    boolean add(String label, String prediction) {
        Map<String, String> expected = text.read(label);
        if (expected.isEmpty()) {
            return false;
        }
        Map<String, String> predicted = text.read(prediction);
        expected.forEach((name, value) -> {
            Optional<String> other =
                    Optional.ofNullable(predicted.get(name)).map(v -> v.equalsIgnoreCase(value) ? value : v);
            Exact exact = new Exact(1, other.equals(Optional.of(value)) ? 1 : 0);
            if (freeText.containsKey(name)) {
                freeText.merge(name, exact, Exact::plus);
                return;
            }
            ClassTable table = tables.computeIfAbsent(name, n -> new ClassTable(text.classes(n)));
            table.add(value, other);
            if (table.classes().size() > MOST_CLASSES && text.classes(name).isEmpty()) {
                freeText.put(name, new Exact(table.rows(), Math.round(table.accuracy() * table.rows())));
                tables.remove(name);
            }
        });
        return true;
    }

    Map<String, ClassTable> tables() {
        return tables;
    }

    Map<String, Exact> freeText() {
        return freeText;
    }
}

package io.realqa.measures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ClassTableTest {
    @Test
    void accuracyAndF1CountWhatIsMissingAsWrong() {
        ClassTable table = new ClassTable(List.of("poor", "fair", "good"));
        table.add("poor", Optional.of("poor"));
        table.add("poor", Optional.of("fair"));
        table.add("fair", Optional.of("fair"));
        table.add("fair", Optional.empty());
        table.add("fair", Optional.of("odd"));
        assertThat(table.rows()).isEqualTo(5);
        assertThat(table.missing()).isEqualTo(1);
        assertThat(table.accuracy()).isEqualTo(0.4);
        assertThat(table.f1("poor")).isCloseTo(2 / 3.0, within(1e-12)); // 1 right, 2 expected, 1 predicted
        assertThat(table.f1("fair")).isCloseTo(2 / 5.0, within(1e-12)); // 1 right, 3 expected, 2 predicted
        assertThat(table.f1("odd")).isZero();
        assertThat(table.f1("good")).isNaN();
        assertThat(table.macroF1()).isCloseTo((2 / 3.0 + 2 / 5.0 + 0) / 3, within(1e-12));
        assertThat(table.classes()).containsExactly("poor", "fair", "good", "odd");
        assertThat(table.count("fair", Optional.empty())).isEqualTo(1);
        assertThat(table.count("poor", Optional.of("fair"))).isEqualTo(1);
        assertThat(table.count("nowhere", Optional.of("fair"))).isZero();
    }

    @Test
    void anEmptyTableIsUndefined() {
        ClassTable table = new ClassTable(List.of("a", "b"));
        assertThat(table.accuracy()).isNaN();
        assertThat(table.macroF1()).isNaN();
    }
}

package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScoreTableTest {
    @Test
    void nothingInANameMovesTheTerminalsCursorOrBeginsALine() {
        ScoreTable table = new ScoreTable(9.99, List.of("subject"), List.of(10));
        String name = "a\033[2J\r\nb.jpg";
        String row = table.row(name, 5, 1, 4, 6, List.of(new ScoreTable.Cell("subject", "cat\u2028\007")));
        assertThat(row).startsWith("a?[2J??b.jpg").endsWith("cat??").doesNotContainPattern("\\p{Cntrl}");
        assertThat(table.rejected(name, "CORRUPT", name + ": cut off"))
                .isEqualTo("a?[2J??b.jpg              not scored: CORRUPT: a?[2J??b.jpg: cut off");
    }
}

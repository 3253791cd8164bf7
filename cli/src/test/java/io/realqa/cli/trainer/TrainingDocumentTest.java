package io.realqa.cli.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.trainer.feedback.RejectReason;
import io.realqa.trainer.live.LiveMeasure;
import io.realqa.trainer.service.TrainerMetric;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What docs/training.md lists is what the code has. */
class TrainingDocumentTest {
    @Test
    void everyReasonMeasureAndMetricIsInItsTableAsTheCatalogueHasIt() throws Exception {
        List<String> rows = new ArrayList<>();
        for (RejectReason reason : RejectReason.values()) {
            rows.add("| " + reason + " | " + reason.meaning() + " |");
        }
        for (LiveMeasure measure : LiveMeasure.values()) {
            rows.add("| " + measure.key() + " | " + measure.meaning() + " |");
        }
        for (TrainerMetric metric : TrainerMetric.values()) {
            rows.add("| `" + metric.id() + "` | " + String.join(", ", metric.tags()) + " | " + metric.description()
                    + " |");
        }
        Path page = Path.of(System.getProperty("realqa.home"), "docs/training.md");
        List<String> tables = Files.readAllLines(page).stream()
                .filter(l ->
                        l.matches("\\| ([A-Z0-9_]+ \\| [a-z].*|[a-z]\\w*(\\.[A-Z]+)? \\| [a-zA-Z].*|`realqa\\..*)"))
                .filter(l -> !l.startsWith("| reason |")
                        && !l.startsWith("| measure |")
                        && !l.startsWith("| metric |")
                        && !l.startsWith("| topic |")
                        && !l.startsWith("| decision |"))
                .toList();
        assertThat(tables).containsExactlyElementsOf(rows);
    }
}

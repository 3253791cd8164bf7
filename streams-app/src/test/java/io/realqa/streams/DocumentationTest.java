package io.realqa.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.content.ContentRejectedException;
import io.realqa.streams.metrics.Metric;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documentation lists is what the code has. */
class DocumentationTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));

    private static String operations() throws IOException {
        return Files.readString(HOME.resolve("docs/operations.md"));
    }

    @Test
    void everyReasonIsInTheOperatorsTableAsTheCatalogueHasIt() throws IOException {
        String page = operations();
        List<String> rows = Arrays.stream(Reason.values())
                .map(r -> "| " + r.stages().stream().map(Stage::name).collect(Collectors.joining(", ")) + " | " + r
                        + " | " + r.meaning() + " |")
                .toList();
        assertThat(page).contains(rows);
        assertThat(page.lines().filter(l -> l.matches("\\| [A-Z][A-Z, ]+ \\| [A-Z0-9_]+ \\| .*")))
                .as("no row but those")
                .containsExactlyElementsOf(rows);
    }

    @Test
    void everyRejectionOfContentAndImagesHasItsReason() {
        Set<String> catalogue = Arrays.stream(Reason.values()).map(Reason::name).collect(Collectors.toSet());
        assertThat(catalogue)
                .containsAll(Arrays.stream(ContentRejectedException.Reason.values())
                        .map(Enum::name)
                        .toList())
                .containsAll(Arrays.stream(ImageRejectedException.Reason.values())
                        .map(Enum::name)
                        .toList());
    }

    @Test
    void everyMetricIsInTheOperatorsTableAsTheCatalogueHasIt() throws IOException {
        List<String> rows = Arrays.stream(Metric.values())
                .map(m -> "| `" + m.id() + "` | " + String.join(", ", m.tags()) + " | " + m.description()
                        + (m.unit().isEmpty() ? "" : ", in " + m.unit()) + " |")
                .toList();
        assertThat(operations().lines().filter(l -> l.startsWith("| `realqa."))).containsExactlyElementsOf(rows);
    }

    @Test
    void everyGuaranteeNamesTestsThatExist() throws IOException {
        String page = Files.readString(HOME.resolve("docs/guarantees.md"));
        Set<String> classes;
        try (Stream<Path> files = Files.walk(HOME)) {
            classes = files.filter(p -> p.toString().contains("src/test/java"))
                    .map(p -> p.getFileName().toString())
                    .filter(n -> n.endsWith(".java"))
                    .map(n -> n.substring(0, n.length() - 5))
                    .collect(Collectors.toSet());
        }
        List<String> named = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`")
                .matcher(page)
                .results()
                .map(MatchResult::group)
                .toList();
        assertThat(named).isNotEmpty();
        for (String name : named) {
            Matcher m = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`").matcher(name);
            assertThat(m.matches()).isTrue();
            assertThat(classes).as("docs/guarantees.md: " + name).contains(m.group(1));
            if (m.group(2) != null) {
                assertThat(source(m.group(1))).as(name).contains("void " + m.group(2) + "(");
            }
        }
    }

    private static String source(String testClass) throws IOException {
        try (Stream<Path> files = Files.walk(HOME)) {
            Path file = files.filter(p -> p.getFileName().toString().equals(testClass + ".java"))
                    .findFirst()
                    .orElseThrow();
            return Files.readString(file);
        }
    }
}

package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.metrics.Metric;
import io.realqa.trainer.service.TrainerConfig;
import io.realqa.trainer.service.TrainerMetric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What deploy/ and helm/ say is what the programs take and have. */
class DeploymentTest {
    private static final Path HOME = ModelOptions.home();
    private static final Path COMPOSE = HOME.resolve("deploy/compose");
    private static final Path CHART = HOME.resolve("helm/realqa-stream");
    private static final YAMLMapper YAML = new YAMLMapper();

    @TempDir
    Path folder;

    @Test
    void theSettingsOfComposeAreTaken() {
        ServiceConfig service = ServiceConfig.read(COMPOSE.resolve("serve.yaml"));
        TrainerConfig trainer = TrainerConfig.read(COMPOSE.resolve("trainer.yaml"));
        assertThat(service.http().port()).isEqualTo(8080);
        assertThat(service.adaptersConfig()).isNotNull();
        assertThat(trainer.adapters()).isEqualTo(Path.of("/var/lib/realqa/trainer/adapters"));
    }

    @Test
    void composesCommandsAreTaken() throws Exception {
        int found = 0;
        for (JsonNode service :
                YAML.readTree(COMPOSE.resolve("compose.yaml").toFile()).path("services")) {
            if (service.path("image").asText().equals("realqa-stream")) {
                List<String> words = new ArrayList<>();
                service.path("command").forEach(word -> words.add(word.asText()));
                Main.commandLine().parseArgs(words.toArray(String[]::new));
                found++;
            }
        }
        assertThat(found).isEqualTo(3);
    }

    @Test
    void theChartsSettingsAreTaken() throws Exception {
        JsonNode values = YAML.readTree(CHART.resolve("values.yaml").toFile());
        assertThat(ServiceConfig.read(settings(values, "scorer")).http().port()).isEqualTo(8080);
        assertThat(TrainerConfig.read(settings(values, "trainer")).adapters())
                .isEqualTo(Path.of("/var/lib/realqa/trainer/adapters"));
    }

    /** As the template realqa.settings puts them together. */
    private Path settings(JsonNode values, String part) throws IOException {
        ObjectNode settings = values.path(part).path("settings").deepCopy();
        settings.putObject("kafka")
                .put("bootstrap.servers", values.at("/kafka/bootstrapServers").asText());
        settings.putObject("registry")
                .put("schema.registry.url", values.at("/registry/url").asText());
        return Files.write(folder.resolve(part + ".yaml"), YAML.writeValueAsBytes(settings));
    }

    @Test
    void alertsAndDashboardAskForMetricsThatThereAre() throws Exception {
        Set<String> known = new HashSet<>();
        for (Metric metric : Metric.values()) {
            known.addAll(exposed(metric));
        }
        for (TrainerMetric metric : TrainerMetric.values()) {
            String name = metric.id().replace('.', '_');
            known.addAll(List.of(name, name + "_total"));
        }
        for (String file : List.of("files/alerts.yaml", "files/dashboard.json")) {
            Set<String> asked = new TreeSet<>();
            for (String query : queries(YAML.readTree(CHART.resolve(file).toFile()))) {
                Pattern.compile("\\brealqa_\\w+").matcher(query).results().forEach(m -> asked.add(m.group()));
            }
            assertThat(asked).as(file).hasSizeGreaterThan(10).isSubsetOf(known);
        }
    }

    /** A metric's names as Prometheus reads them. */
    private static List<String> exposed(Metric metric) {
        String name = metric.id().replace('.', '_');
        String unit = metric.unit().isEmpty() || name.endsWith("_" + metric.unit()) ? "" : "_" + metric.unit();
        return switch (metric.kind()) {
            case COUNTER -> List.of(name + unit + "_total");
            case GAUGE -> List.of(name + unit);
            case TIMER, SUMMARY ->
                List.of(name + unit + "_bucket", name + unit + "_count", name + unit + "_sum", name + unit + "_max");
        };
    }

    private static List<String> queries(JsonNode file) {
        List<String> queries = new ArrayList<>();
        file.findValues("expr").forEach(q -> queries.add(q.asText()));
        return queries;
    }

    @Test
    void everyAlertSaysHowGraveItIsAndWhatItMeans() throws Exception {
        JsonNode groups =
                YAML.readTree(CHART.resolve("files/alerts.yaml").toFile()).path("groups");
        Set<String> names = new HashSet<>();
        for (JsonNode group : groups) {
            for (JsonNode rule : group.path("rules")) {
                String name = rule.path("alert").asText();
                assertThat(names.add(name)).as(name + " once").isTrue();
                assertThat(rule.at("/labels/severity").asText()).as(name).isIn("warning", "critical");
                assertThat(rule.at("/annotations/summary").asText()).as(name).isNotEmpty();
                assertThat(rule.at("/annotations/description").asText())
                        .as(name)
                        .isNotEmpty();
            }
        }
        assertThat(Files.readString(HOME.resolve("docs/operations.md")))
                .contains(names.stream().map(n -> "| " + n + " |").toList());
    }

    @Test
    void theDashboardsPanelsDoNotOverlap() throws Exception {
        JsonNode panels = new ObjectMapper()
                .readTree(CHART.resolve("files/dashboard.json").toFile())
                .path("panels");
        Map<String, String> taken = new HashMap<>();
        Set<Integer> ids = new HashSet<>();
        for (JsonNode panel : panels) {
            JsonNode at = panel.path("gridPos");
            assertThat(ids.add(panel.path("id").asInt())).isTrue();
            assertThat(at.path("x").asInt() + at.path("w").asInt()).isLessThanOrEqualTo(24);
            for (int x = 0; x < at.path("w").asInt(); x++) {
                for (int y = 0; y < at.path("h").asInt(); y++) {
                    String cell =
                            (at.path("x").asInt() + x) + "," + (at.path("y").asInt() + y);
                    assertThat(taken.put(cell, panel.path("title").asText()))
                            .as(panel.path("title").asText())
                            .isNull();
                }
            }
        }
    }
}

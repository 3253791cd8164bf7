package io.realqa.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows of docs/architecture.md. */
class ArchitectureTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.realqa");

    @Test
    void dependenciesPointDownOnly() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("cli")
                .definedBy("io.realqa.cli..")
                .layer("streams-app")
                .definedBy("io.realqa.streams..")
                .layer("trainer")
                .definedBy("io.realqa.trainer..")
                .layer("verify")
                .definedBy("io.realqa.verify..")
                .layer("scorer")
                .definedBy("io.realqa.scorer..")
                .layer("measures")
                .definedBy("io.realqa.measures..")
                .layer("store")
                .definedBy("io.realqa.store..")
                .layer("settings")
                .definedBy("io.realqa.settings..")
                .layer("schemas")
                .definedBy("io.realqa.schemas..", "io.realqa.events..")
                .layer("local")
                .definedBy("io.realqa.local..")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("verify")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("streams-app")
                .mayOnlyBeAccessedByLayers("verify", "cli")
                .whereLayer("trainer")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("scorer")
                .mayOnlyBeAccessedByLayers("streams-app", "trainer", "verify", "cli")
                .whereLayer("measures")
                .mayOnlyBeAccessedByLayers("streams-app", "trainer", "cli")
                .whereLayer("store")
                .mayOnlyBeAccessedByLayers("streams-app", "trainer", "cli")
                .whereLayer("settings")
                .mayOnlyBeAccessedByLayers("streams-app", "trainer", "cli")
                .whereLayer("schemas")
                .mayOnlyBeAccessedByLayers("streams-app", "trainer", "verify", "cli")
                .whereLayer("local")
                .mayOnlyBeAccessedByLayers("verify", "cli")
                .check(OURS);
    }

    @Test
    void theScorerKnowsNothingOfKafkaAndTheSchemasNothingOfModels() {
        noClasses()
                .that()
                .resideInAPackage("io.realqa.scorer..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.kafka..")
                .check(OURS);
        noClasses()
                .that()
                .resideInAPackage("io.realqa.schemas..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", "io.realqa.scorer..")
                .check(OURS);
    }

    @Test
    void theMeasuresKnowNothingOfKafkaAndModels() {
        noClasses()
                .that()
                .resideInAPackage("io.realqa.measures..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "ai.djl..", "io.realqa.events..", "io.realqa.scorer..")
                .check(OURS);
    }

    @Test
    void theEngineKnowsNothingOfKafka() {
        noClasses()
                .that()
                .resideInAnyPackage("io.realqa.streams.scoring..", "io.realqa.streams.content..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.kafka..", "io.realqa.events..")
                .check(OURS);
    }

    @Test
    void theTopologyUsesThePublicApiOfKafkaStreamsOnly() {
        noClasses()
                .that()
                .resideInAPackage("io.realqa.streams..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.kafka..internals..")
                .check(OURS);
    }
}

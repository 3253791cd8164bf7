package io.realqa.cli.trainer;

import io.realqa.streams.ServiceConfig;
import io.realqa.streams.ServiceConfigBuilder;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.streams.config.AdaptersSection;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.trainer.service.TrainerConfig;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/** What the trainer takes from the service's side, out of its settings. */
public final class TrainerParts {
    private TrainerParts() {}

    /** The service's settings that the trainer's imply: the same cluster, contracts and topics of releases. */
    public static ServiceConfig service(TrainerConfig config) {
        ServiceConfig.Model model = new ServiceConfig.Model(
                config.model().checkpoint(), null, config.model().profile(), null);
        return new ServiceConfigBuilder(config.kafka(), config.registry(), model)
                .serde(config.serde())
                .topics(Map.of(
                        "adapter-releases", config.topic("adapter-releases"),
                        "adapter-status", config.topic("adapter-status")))
                .adapters(AdaptersSection.roots(List.of(config.adapters().toString())))
                .build();
    }

    /** Releases on the topic. */
    public static TopicReleaseDesk desk(TrainerConfig config) {
        return new TopicReleaseDesk(
                new AdapterAdmin(service(config)), Clock.systemUTC(), config.adapters(), config.store(), config.s3());
    }

    /** Images from the places that the settings list. */
    public static FetchedContent content(TrainerConfig config) {
        ContentPolicy policy =
                ContentPolicy.defaults().withFileRoots(config.contentRoots()).withHttpHosts(config.contentHosts());
        return new FetchedContent(
                config.contentTimeout() == null ? policy : policy.withReadTimeout(config.contentTimeout()));
    }
}

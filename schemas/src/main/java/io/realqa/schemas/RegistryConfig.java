package io.realqa.schemas;

import java.util.Map;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/** The settings that the serdes share, under Confluent's names, so that either serde takes the same configuration. */
record RegistryConfig(SchemaRegistryClient client, boolean autoRegister, boolean useLatest, boolean specificReader) {
    static final String USER_INFO = "basic.auth.user.info";
    static final String CREDENTIALS_SOURCE = "basic.auth.credentials.source";
    static final String AUTO_REGISTER = "auto.register.schemas";
    static final String USE_LATEST = "use.latest.version";
    static final String SPECIFIC_READER = "specific.avro.reader";
    static final String SUBJECT_STRATEGY = "value.subject.name.strategy";

    static RegistryConfig from(Map<String, ?> configs, @Nullable SchemaRegistryClient client) {
        Object strategy = configs.get(SUBJECT_STRATEGY);
        if (strategy != null && !strategy.toString().endsWith("TopicNameStrategy")) {
            throw new ConfigException(SUBJECT_STRATEGY, strategy, "expected: TopicNameStrategy");
        }
        return new RegistryConfig(
                client == null ? newClient(configs) : client,
                flag(configs, AUTO_REGISTER, true),
                flag(configs, USE_LATEST, false),
                flag(configs, SPECIFIC_READER, true));
    }

    static SchemaRegistryClient newClient(Map<String, ?> configs) {
        Object url = configs.get(SchemaRegistryClient.URL);
        if (url == null) {
            throw new ConfigException(SchemaRegistryClient.URL, null, "expected: the registry's address");
        }
        Object source = configs.get(CREDENTIALS_SOURCE);
        if (source != null && !source.equals("USER_INFO") && !source.equals("URL")) {
            throw new ConfigException(CREDENTIALS_SOURCE, source, "expected: USER_INFO or URL");
        }
        Object userInfo = "URL".equals(source) ? null : configs.get(USER_INFO);
        return new SchemaRegistryClient(url.toString(), userInfo == null ? null : userInfo.toString());
    }

    private static boolean flag(Map<String, ?> configs, String name, boolean otherwise) {
        Object value = configs.get(name);
        if (value == null) {
            return otherwise;
        }
        return switch (value.toString()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new ConfigException(name, value, "expected: true or false");
        };
    }
}

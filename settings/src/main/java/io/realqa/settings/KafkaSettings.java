package io.realqa.settings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/** Settings of Kafka's clients, checked when they are read: Kafka itself tells of them late, and with a stack trace. */
public final class KafkaSettings {
    private static final String SERVERS = "bootstrap.servers";
    /** As Kafka's clients take addresses: perhaps a protocol, perhaps an IPv6 address in brackets. */
    private static final Pattern SERVER =
            Pattern.compile("(?:[a-zA-Z_]+://)?(?:\\[[^\\]]+\\]|[^:\\[\\]\\s]+):(\\d{1,5})");

    private static final Pattern TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");

    /** What a key may begin with, and whose it is then; those that begin otherwise are everybody's. */
    private static final Map<String, ConfigDef> CLIENTS = Map.of(
            "consumer.", ConsumerConfig.configDef(),
            "main.consumer.", ConsumerConfig.configDef(),
            "restore.consumer.", ConsumerConfig.configDef(),
            "global.consumer.", ConsumerConfig.configDef(),
            "producer.", ProducerConfig.configDef(),
            "admin.", AdminClientConfig.configDef());

    private KafkaSettings() {}

    /**
     * Refuses values that Kafka does not take. Keys that Kafka does not know are handed on: plug-ins have their own.
     *
     * @param section what the settings are called, for the error
     * @param own what else reads them, besides Kafka's clients
     * @throws SettingsException naming key and value
     */
    public static void check(String section, Map<String, String> settings, ConfigDef... own) {
        String servers = settings.get(SERVERS);
        if (servers != null) {
            servers(section + "." + SERVERS, servers);
        }
        for (Map.Entry<String, String> setting : new TreeMap<>(settings).entrySet()) {
            String key = setting.getKey();
            String prefix = CLIENTS.keySet().stream()
                    .filter(key::startsWith)
                    .findFirst()
                    .orElse("");
            List<ConfigDef> readers = new ArrayList<>(
                    prefix.isEmpty() ? CLIENTS.values() : List.of(CLIENTS.getOrDefault(prefix, new ConfigDef())));
            readers.addAll(Arrays.asList(own));
            for (ConfigDef reader : readers) {
                check(section + "." + key, key.substring(prefix.length()), setting.getValue(), reader);
            }
        }
        heartbeat(section, settings);
    }

    /** Kafka's consumers refuse a heartbeat that comes no more often than the session ends. */
    private static void heartbeat(String section, Map<String, String> settings) {
        int heartbeat = millis(settings, ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);
        int session = millis(settings, ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG);
        if (heartbeat >= session) {
            throw new SettingsException(section + "." + ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG + ": " + heartbeat
                    + " (expected: less than " + ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG + ", which is " + session
                    + ")");
        }
    }

    /** What a group's consumer gets: the setting with the longest prefix, or Kafka's default. */
    private static int millis(Map<String, String> settings, String name) {
        for (String prefix : List.of("main.consumer.", "consumer.", "")) {
            String value = settings.get(prefix + name);
            if (value != null) {
                return Integer.parseInt(value.strip());
            }
        }
        return Integer.parseInt(
                String.valueOf(ConsumerConfig.configDef().defaultValues().get(name)));
    }

    private static void check(String key, String name, String value, ConfigDef reader) {
        ConfigDef.ConfigKey known = reader.configKeys().get(name);
        if (known == null) {
            return;
        }
        try {
            Object parsed = ConfigDef.parseType(name, value, known.type());
            if (known.validator != null) {
                known.validator.ensureValid(name, parsed);
            }
        } catch (ConfigException e) {
            String message = String.valueOf(e.getMessage());
            throw new SettingsException(
                    key + ": " + value + " (expected: a value that Kafka takes; "
                            + message.substring(message.lastIndexOf(": ") + 1).strip() + ")",
                    e);
        }
    }

    private static void servers(String key, String servers) {
        for (String server : servers.split(",", -1)) {
            Matcher m = SERVER.matcher(server.strip());
            if (!m.matches() || Integer.parseInt(m.group(1)) < 1 || Integer.parseInt(m.group(1)) > 65_535) {
                throw new SettingsException(key + ": " + servers + " (expected: HOST:PORT, separated by commas)");
            }
        }
    }

    /**
     * Refuses names that no topic can have, and one topic in two roles.
     *
     * @param byRole names by what the topics hold
     * @throws SettingsException naming the role and the topic
     */
    public static void topics(String section, Map<String, String> byRole) {
        Map<String, String> roles = new TreeMap<>();
        for (Map.Entry<String, String> topic : new TreeMap<>(byRole).entrySet()) {
            String role = section + "." + topic.getKey();
            name(role, topic.getValue());
            String other = roles.put(topic.getValue(), role);
            if (other != null) {
                throw new SettingsException(
                        role + ": " + topic.getValue() + " (expected: another topic than that of " + other + ")");
            }
        }
    }

    /**
     * Refuses what can be no part of a topic's name.
     *
     * @param key what the setting is called, for the error
     * @throws SettingsException naming key and value
     */
    public static void name(String key, String name) {
        if (!TOPIC.matcher(name).matches() || name.equals(".") || name.equals("..")) {
            throw new SettingsException(
                    key + ": \"" + name + "\" (expected: up to 249 letters, digits, dots, hyphens and underscores)");
        }
    }
}

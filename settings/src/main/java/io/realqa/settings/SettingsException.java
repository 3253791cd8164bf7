package io.realqa.settings;

/** A setting that cannot be used: the message names the key, its value and what was expected. */
public final class SettingsException extends IllegalArgumentException {
    public SettingsException(String message) {
        super(message);
    }

    public SettingsException(String message, Throwable cause) {
        super(message, cause);
    }
}

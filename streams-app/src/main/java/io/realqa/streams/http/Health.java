package io.realqa.streams.http;

/**
 * How an instance is.
 *
 * @param live false: only a restart helps
 * @param ready whether it serves
 * @param message why it is not ready, or what it does
 */
public record Health(boolean live, boolean ready, String message) {
    /** It serves. */
    public static Health serving(String message) {
        return new Health(true, true, message);
    }

    /** It does not serve yet or any more, and nothing is wrong with that. */
    public static Health waiting(String message) {
        return new Health(true, false, message);
    }

    /** It does not serve, and will not again. */
    public static Health dead(String message) {
        return new Health(false, false, message);
    }
}

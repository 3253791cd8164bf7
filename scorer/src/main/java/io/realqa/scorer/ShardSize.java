package io.realqa.scorer;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as Hugging Face writes them: {@code 5GB} is 5 * 10^9 bytes, {@code 5GiB} is 5 * 2^30. */
final class ShardSize {
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([A-Z]*)");
    private static final Map<String, Long> UNITS = Map.of(
            "",
            1L,
            "B",
            1L,
            "KB",
            1000L,
            "MB",
            1000_000L,
            "GB",
            1000_000_000L,
            "KIB",
            1L << 10,
            "MIB",
            1L << 20,
            "GIB",
            1L << 30);

    private ShardSize() {}

    static long parse(String text) {
        Matcher m = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
        Long unit = m.matches() ? UNITS.get(m.group(2)) : null;
        long bytes = unit == null
                ? 0
                : new BigDecimal(m.group(1))
                        .multiply(BigDecimal.valueOf(unit))
                        .min(BigDecimal.valueOf(Long.MAX_VALUE))
                        .longValue();
        if (bytes < 1) {
            throw new IllegalArgumentException(
                    "max-shard-size: " + text + " (expected: a size such as 5GB, 500MB or 2GiB)");
        }
        return bytes;
    }
}

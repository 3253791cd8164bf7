package io.realqa.store;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A folder in a bucket: {@code s3://bucket/some/prefix}.
 *
 * @param bucket its name
 * @param prefix of the keys, without a slash at either end; may be empty
 */
public record S3Location(String bucket, String prefix) {
    private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
    private static final Pattern URI = Pattern.compile("s3://([^/]+)(?:/(.*))?", Pattern.CASE_INSENSITIVE);

    public S3Location {
        String whole = "s3://" + bucket + "/" + prefix;
        if (!BUCKET.matcher(bucket).matches()) {
            throw new IllegalArgumentException(whole + ": bucket " + bucket
                    + " (expected: 3 to 63 lower-case letters, digits, points and hyphens)");
        }
        for (String part : prefix.isEmpty() ? new String[0] : prefix.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                throw new IllegalArgumentException(whole + ": part \"" + part + "\" (expected: names between slashes)");
            }
        }
    }

    /** Whether a text means a place in S3, be it a good one or not. */
    public static boolean isOne(String text) {
        return text.regionMatches(true, 0, "s3:", 0, 3);
    }

    /** @throws IllegalArgumentException if it is none */
    public static S3Location parse(String text) {
        Matcher m = URI.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(text + " (expected: s3://BUCKET or s3://BUCKET/PREFIX)");
        }
        String prefix = m.group(2) == null ? "" : m.group(2);
        return new S3Location(m.group(1), prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix);
    }

    /** A folder, or a file, in this one. */
    public S3Location resolve(String name) {
        return new S3Location(bucket, prefix.isEmpty() ? name : prefix + "/" + name);
    }

    /** Whether it lies in a folder, or is that folder. */
    public boolean isUnder(S3Location root) {
        return bucket.equals(root.bucket)
                && (root.prefix.isEmpty() || prefix.equals(root.prefix) || prefix.startsWith(root.prefix + "/"));
    }

    @Override
    public String toString() {
        return prefix.isEmpty() ? "s3://" + bucket : "s3://" + bucket + "/" + prefix;
    }
}

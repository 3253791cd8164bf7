package io.realqa.store;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * How S3, or what speaks its protocol, is reached. Credentials come from where AWS's tools find them: the environment, a
 * profile, the pod's or machine's role.
 *
 * @param endpoint address of the service; none: AWS's
 * @param region none: that of the environment, or us-east-1 where an endpoint is given
 * @param pathStyle whether the bucket stands in the path instead of the host name; none: where an endpoint is given
 */
public record S3Settings(
        @Nullable String endpoint,
        @Nullable String region,
        @Nullable Boolean pathStyle) {
    /** AWS, as the environment says. */
    public static final S3Settings DEFAULTS = new S3Settings(null, null, null);

    public S3Settings {
        if (endpoint != null) {
            URI uri;
            try {
                uri = URI.create(endpoint);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(said(endpoint), e);
            }
            boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
            if (!http || uri.getHost() == null) {
                throw new IllegalArgumentException(said(endpoint));
            }
        }
    }

    private static String said(String endpoint) {
        return "s3.endpoint: " + endpoint + " (expected: an address such as https://storage.example)";
    }
}

package io.realqa.streams.content;

import org.jspecify.annotations.Nullable;

/**
 * Content that the policy does not allow or that could not be had. The message names the address, with its query and
 * user info left out, since signed addresses carry secrets there.
 */
public final class ContentRejectedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why content was rejected. */
    public enum Reason {
        /** The address, or a redirect's, does not parse or has parts that are not supported, such as user info. */
        BAD_URI,
        /** Neither file, http nor https; or a redirect from https to http. */
        UNKNOWN_SCHEME,
        /** The host and port, or a redirect's, are not among the allowed ones. */
        HOST_NOT_ALLOWED,
        /** The file, existing or not, does not lie under an allowed root. */
        PATH_NOT_ALLOWED,
        /** No such file, or HTTP status 404 or 410. */
        NOT_FOUND,
        /** The file may not be read, or HTTP status 401 or 403. */
        FORBIDDEN,
        /** More bytes than the policy allows. */
        TOO_MANY_BYTES,
        /** More redirects than the policy allows. */
        TOO_MANY_REDIRECTS,
        /** Any other HTTP status than 200. */
        HTTP_STATUS,
        /** The connection or the transfer took too long. */
        TIMEOUT,
        /** The host has no address, or no connection to it came about. */
        UNREACHABLE,
        /** The transfer broke off, the file is not a regular one, or the content is encoded. */
        READ_FAILED
    }

    private final Reason reason;
    private final int attempts;
    private final boolean passing;

    ContentRejectedException(Reason reason, String message, int attempts, boolean passing, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.attempts = attempts;
        this.passing = passing;
    }

    public Reason reason() {
        return reason;
    }

    /** How often the disk or the host was asked; 0 if the address alone was reason enough. */
    public int attempts() {
        return attempts;
    }

    /** Whether it may be otherwise later: that says something of the place rather than of the content. */
    public boolean passing() {
        return passing;
    }
}

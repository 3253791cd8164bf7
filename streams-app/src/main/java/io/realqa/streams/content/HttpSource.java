package io.realqa.streams.content;

import io.realqa.streams.content.ContentRejectedException.Reason;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** Content from the hosts that a policy allows; one call is one attempt. Thread-safe. */
final class HttpSource implements AutoCloseable {
    static final String USER_AGENT = "realqa-stream";

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<Integer> MISSING = Set.of(404, 410);
    private static final Set<Integer> FORBIDDEN = Set.of(401, 403);
    private static final Set<Integer> WORTH_REPEATING = Set.of(408, 425, 429);

    private final ContentPolicy policy;
    private final List<HostRule> hosts;
    private final HttpClient client;
    /** As many as there are transfers at a time; they end when they have nothing to do. */
    private final ExecutorService transfers = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "content-transfer");
        thread.setDaemon(true);
        return thread;
    });

    HttpSource(ContentPolicy policy) {
        this.policy = policy;
        this.hosts = policy.httpHosts().stream().map(HostRule::parse).toList();
        // HTTP/1.1, so that giving up on a transfer closes its connection and touches no other transfer.
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(policy.connectTimeout())
                .build();
    }

    /** @throws Refusal HOST_NOT_ALLOWED */
    void check(HttpAddress address) throws Refusal {
        if (hosts.stream().noneMatch(rule -> rule.allows(address.host(), address.port()))) {
            throw Refusal.lasting(
                    Reason.HOST_NOT_ALLOWED,
                    "host: " + address.host() + ":" + address.port() + " (expected: one of the allowed hosts)");
        }
    }

    /**
     * The content at an address that was checked, after redirects, each of which is checked as well.
     *
     * @throws CancellationException if this source was closed
     */
    byte[] get(HttpAddress start) throws Refusal, InterruptedException {
        long deadline = System.nanoTime() + policy.readTimeout().toNanos();
        HttpAddress address = start;
        for (int redirects = 0; ; redirects++) {
            HttpResponse<Optional<byte[]>> answer = exchange(address, deadline);
            if (!REDIRECTS.contains(answer.statusCode())) {
                return content(answer);
            }
            if (redirects == policy.maxRedirects()) {
                throw Refusal.lasting(
                        Reason.TOO_MANY_REDIRECTS,
                        "redirects: over " + redirects + " (expected: at most " + redirects + ")");
            }
            address = follow(address, answer);
        }
    }

    /** Ends the transfers under way and refuses further ones. The client's thread ends when it is collected. */
    @Override
    public void close() {
        transfers.shutdownNow();
    }

    /**
     * On another thread, since the timeout of a request is over once its headers are there. Not by {@code sendAsync}: its
     * answers come through the common pool, which on a machine of two cores is one thread that may be busy (Java 25).
     */
    private HttpResponse<Optional<byte[]>> exchange(HttpAddress address, long deadline)
            throws Refusal, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(address.uri())
                .header("Accept", "image/*")
                .header("Accept-Encoding", "identity")
                .header("User-Agent", USER_AGENT)
                .build();
        Future<HttpResponse<Optional<byte[]>>> answer;
        try {
            answer = transfers.submit(() -> client.send(request, this::body));
        } catch (RejectedExecutionException e) {
            throw closedMeanwhile();
        }
        try {
            return answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw timeout(e);
        } catch (ExecutionException e) {
            // Whatever ended the exchange, after close() it says nothing about the content.
            if (transfers.isShutdown()) {
                throw closedMeanwhile();
            }
            throw failed(unwrapped(e));
        } finally {
            // Interrupts the thread, by which the exchange ends, also a body that trickles in.
            answer.cancel(true);
        }
    }

    /** The client makes an I/O error of whatever it did not expect; that is worth no other attempt. */
    private static Throwable unwrapped(ExecutionException e) {
        Throwable failure = e.getCause() == null ? e : e.getCause();
        Throwable cause = failure.getCause();
        if (failure.getClass() != IOException.class || cause == null) {
            return failure;
        }
        return cause instanceof IOException || cause.getCause() instanceof IOException ? failure : cause;
    }

    private BoundedBody body(HttpResponse.ResponseInfo info) {
        long declared = declaredLength(info.headers());
        boolean wanted = info.statusCode() == 200 && isPlain(info.headers()) && declared <= policy.maxBytes();
        return wanted ? BoundedBody.upTo(policy.maxBytes(), declared) : BoundedBody.unread();
    }

    private HttpAddress follow(HttpAddress from, HttpResponse<?> answer) throws Refusal {
        String location = answer.headers().firstValue("Location").orElse("");
        if (location.isEmpty()) {
            throw Refusal.lasting(
                    Reason.HTTP_STATUS, "status: " + answer.statusCode() + " without Location (expected: 200)");
        }
        try {
            HttpAddress next = from.redirected(location);
            check(next);
            return next;
        } catch (Refusal e) {
            throw e.at("redirect to " + ShownUri.of(location));
        }
    }

    private byte[] content(HttpResponse<Optional<byte[]>> answer) throws Refusal {
        int status = answer.statusCode();
        if (status != 200) {
            throw badStatus(status);
        }
        if (!isPlain(answer.headers())) {
            throw Refusal.lasting(
                    Reason.READ_FAILED,
                    "Content-Encoding: " + String.join(", ", answer.headers().allValues("Content-Encoding"))
                            + " (expected: identity)");
        }
        long declared = declaredLength(answer.headers());
        return answer.body()
                .orElseThrow(() -> Refusal.lasting(
                        Reason.TOO_MANY_BYTES,
                        "size: " + (declared > policy.maxBytes() ? declared : "over " + policy.maxBytes())
                                + " bytes (expected: at most " + policy.maxBytes() + ")"));
    }

    private static Refusal badStatus(int status) {
        String problem = "status: " + status + " (expected: 200)";
        if (MISSING.contains(status)) {
            return Refusal.lasting(Reason.NOT_FOUND, problem);
        }
        if (FORBIDDEN.contains(status)) {
            return Refusal.lasting(Reason.FORBIDDEN, problem);
        }
        return status >= 500 || WORTH_REPEATING.contains(status)
                ? Refusal.passing(Reason.HTTP_STATUS, problem)
                : Refusal.lasting(Reason.HTTP_STATUS, problem);
    }

    private Refusal timeout(Throwable cause) {
        return Refusal.passing(
                Reason.TIMEOUT,
                "transfer: unfinished after " + policy.readTimeout() + " (expected: complete by then)",
                cause);
    }

    /** What the client's failure means; all that may be the network's doing is worth another attempt. */
    Refusal failed(Throwable failure) {
        if (failure instanceof HttpTimeoutException) {
            return Refusal.passing(
                    Reason.TIMEOUT,
                    "connection: none after " + policy.connectTimeout() + " (expected: one by then)",
                    failure);
        }
        if (failure instanceof ConnectException || failure instanceof SSLException) {
            return Refusal.passing(
                    Reason.UNREACHABLE, "connection: " + rootOf(failure) + " (expected: an open one)", failure);
        }
        String problem = "transfer: " + rootOf(failure) + " (expected: a complete answer)";
        return failure instanceof IOException
                ? Refusal.passing(Reason.READ_FAILED, problem, failure)
                : Refusal.lasting(Reason.READ_FAILED, problem, failure);
    }

    /** The client wraps the telling failure, such as an unresolved address, in ones without a message. */
    private static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getMessage() == null && root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    private static CancellationException closedMeanwhile() {
        return new CancellationException("content fetcher: closed (expected: open)");
    }

    private static boolean isPlain(HttpHeaders headers) {
        return headers.allValues("Content-Encoding").stream()
                .allMatch(value -> value.isBlank() || value.strip().equalsIgnoreCase("identity"));
    }

    private static long declaredLength(HttpHeaders headers) {
        try {
            return headers.firstValueAsLong("Content-Length").orElse(-1);
        } catch (NumberFormatException e) {
            // Not a length, so no claim: the body is bounded while it is read in any case.
            return -1;
        }
    }
}

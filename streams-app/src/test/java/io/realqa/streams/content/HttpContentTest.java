package io.realqa.streams.content;

import static io.realqa.streams.content.Rejections.assertRejected;
import static io.realqa.streams.content.Rejections.rejection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.net.httpserver.Headers;
import io.realqa.streams.content.ContentRejectedException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpContentTest {
    private static final Duration SHORT = Duration.ofMillis(300);

    private TestServer server;
    private ContentPolicy policy;

    @BeforeEach
    void start() throws IOException {
        server = new TestServer();
        policy = ContentPolicy.defaults()
                .withHttpHosts(Set.of(server.host()))
                .withMaxBytes(1000)
                .withBackoff(Duration.ofMillis(1));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String fetch(String path) throws ContentRejectedException {
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            return new String(fetcher.fetch(server.url(path)), StandardCharsets.UTF_8);
        }
    }

    private ContentRejectedException assertPathRejected(String path, Reason reason, int attempts) {
        return assertRejected(policy, server.url(path), reason, attempts);
    }

    @Test
    void anAnswerOf200IsTheContent() throws ContentRejectedException {
        server.on("/a.jpg", 200, "image");
        assertThat(fetch("/a.jpg")).isEqualTo("image");
    }

    @Test
    void anEmptyAnswerIsContentOfNoBytes() throws ContentRejectedException {
        server.on("/empty", 200, "");
        assertThat(fetch("/empty")).isEmpty();
    }

    @Test
    void aRequestAsksForAnImageAndSaysWhoAsksAndNothingOfTheUser() throws ContentRejectedException {
        Headers seen = new Headers();
        server.on("/a", exchange -> {
            seen.putAll(exchange.getRequestHeaders());
            exchange.getResponseHeaders().set("Set-Cookie", "id=1");
            TestServer.answer(exchange, 200, "image");
        });
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            fetcher.fetch(server.url("/a"));
            fetcher.fetch(server.url("/a"));
        }
        assertThat(seen.get("Accept")).containsExactly("image/*");
        assertThat(seen.get("User-Agent")).containsExactly("realqa-stream");
        assertThat(seen.get("Accept-Encoding")).containsExactly("identity");
        assertThat(seen).doesNotContainKeys("Cookie", "Authorization", "Referer");
    }

    @Test
    void pathAndQueryReachTheServerEscapedAndTheFragmentDoesNot() throws ContentRejectedException {
        server.on("/", 200, "image");
        assertThat(fetch("/é%2Fb?x=%26&y=ü#part")).isEqualTo("image");
        assertThat(server.asked()).containsExactly("/%C3%A9%2Fb?x=%26&y=%C3%BC");
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 410})
    void whatTheServerLacksIsNotFoundAndAskedForOnce(int status) {
        server.on("/a", status, "no");
        assertPathRejected("/a", Reason.NOT_FOUND, 1);
        assertThat(server.asked()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void whatTheServerKeepsIsForbiddenAndAskedForOnce(int status) {
        server.on("/a", status, "no");
        assertPathRejected("/a", Reason.FORBIDDEN, 1);
        assertThat(server.asked()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 202, 203, 204, 206, 300, 304, 305, 400, 402, 405, 406, 418, 451})
    void anyOtherStatusIsRefusedAfterOneAttempt(int status) {
        server.on("/a", status, "");
        ContentRejectedException rejected = assertPathRejected("/a", Reason.HTTP_STATUS, 1);
        assertThat(rejected).hasMessage(server.url("/a") + ": status: " + status + " (expected: 200)");
        assertThat(server.asked()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 425, 429, 500, 502, 503, 504, 599})
    void aPassingStatusIsRefusedAfterAllAttempts(int status) {
        server.on("/a", status, "later");
        ContentRejectedException rejected = assertPathRejected("/a", Reason.HTTP_STATUS, 3);
        assertThat(rejected)
                .hasMessage(server.url("/a") + ": status: " + status + " (expected: 200), after 3 attempts");
        assertThat(server.asked()).hasSize(3);
    }

    @Test
    void aFetchSucceedsOnceAnAttemptDoes() throws ContentRejectedException {
        Queue<Integer> statuses = new ConcurrentLinkedQueue<>(List.of(503, 429, 200));
        server.on("/a", exchange -> TestServer.answer(exchange, statuses.remove(), "image"));
        assertThat(fetch("/a")).isEqualTo("image");
        assertThat(server.asked()).hasSize(3);
    }

    @Test
    void theVerdictIsThatOfTheLastAttempt() {
        Queue<Integer> statuses = new ConcurrentLinkedQueue<>(List.of(503, 404));
        server.on("/a", exchange -> TestServer.answer(exchange, statuses.remove(), "no"));
        assertPathRejected("/a", Reason.NOT_FOUND, 2);
    }

    @Test
    void aSingleAttemptIsNotRepeated() {
        policy = policy.withAttempts(1);
        server.on("/a", 503, "later");
        assertPathRejected("/a", Reason.HTTP_STATUS, 1);
        assertThat(server.asked()).hasSize(1);
    }

    @Test
    void eachFetchHasAllItsAttempts() {
        server.on("/a", 503, "later");
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            for (int i = 1; i <= 3; i++) {
                assertThat(catchThrowable(() -> fetcher.fetch(server.url("/a"))))
                        .isInstanceOfSatisfying(
                                ContentRejectedException.class,
                                rejected -> assertThat(rejected.attempts()).isEqualTo(3));
                assertThat(server.asked()).hasSize(3 * i);
            }
        }
    }

    @Test
    void theSecretsOfAnAddressAreNotInTheMessage() {
        server.on("/a", 403, "no");
        assertThat(assertPathRejected("/a?sig=hunter2", Reason.FORBIDDEN, 1))
                .hasMessage(server.url("/a?…") + ": status: 403 (expected: 200)");
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectsToAllowedHostsAreFollowed(int status) throws ContentRejectedException {
        server.redirect("/old/a", status, "../new/a?b");
        server.on("/new", 200, "image");
        assertThat(fetch("/old/a")).isEqualTo("image");
        assertThat(server.asked()).containsExactly("/old/a", "/new/a?b");
    }

    @Test
    void aRedirectToAHostOutsideTheListIsNotFollowed() {
        server.redirect("/a", 302, "http://localhost:" + server.port() + "/b?sig=hunter2");
        server.on("/b", 200, "image");
        assertThat(assertPathRejected("/a", Reason.HOST_NOT_ALLOWED, 1))
                .hasMessage(server.url("/a") + ": redirect to http://localhost:" + server.port()
                        + "/b?…: host: localhost:" + server.port() + " (expected: one of the allowed hosts)");
        assertThat(server.asked()).containsExactly("/a");
    }

    @Test
    void aRedirectToAnotherPortIsNotFollowed() throws IOException {
        try (TestServer other = new TestServer()) {
            other.on("/", 200, "image");
            server.redirect("/a", 302, other.url("/"));
            assertPathRejected("/a", Reason.HOST_NOT_ALLOWED, 1);
            assertThat(other.asked()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///etc/hostname", "ftp://127.0.0.1/a", "data:image/png,x"})
    void aRedirectOutOfTheWebIsNotFollowed(String location) {
        server.redirect("/a", 302, location);
        assertPathRejected("/a", Reason.UNKNOWN_SCHEME, 1);
    }

    @Test
    void aRedirectWithUserInfoIsNotFollowed() {
        server.redirect("/a", 302, "http://me:hunter2@" + server.host() + "/b");
        assertThat(assertPathRejected("/a", Reason.BAD_URI, 1)).hasMessageNotContaining("hunter2");
    }

    @Test
    void aRedirectToNoAddressIsABadUri() {
        server.redirect("/a", 302, "http://[/?hunter2");
        assertThat(assertPathRejected("/a", Reason.BAD_URI, 1)).hasMessageNotContaining("hunter2");
    }

    @Test
    void aRedirectWithoutLocationIsRefused() {
        server.on("/a", 302, "");
        assertPathRejected("/a", Reason.HTTP_STATUS, 1);
    }

    @Test
    void aRedirectLoopEndsAtTheLimitAndIsNotRepeated() {
        server.redirect("/a", 302, "/b");
        server.redirect("/b", 302, "/a");
        assertThat(assertPathRejected("/a", Reason.TOO_MANY_REDIRECTS, 1))
                .hasMessage(server.url("/a") + ": redirects: over 3 (expected: at most 3)");
        assertThat(server.asked()).containsExactly("/a", "/b", "/a", "/b");
    }

    @Test
    void asManyRedirectsAsAllowedAreFollowedAndNoneWhereNoneIs() throws ContentRejectedException {
        server.redirect("/1", 302, "/2");
        server.redirect("/2", 302, "/3");
        server.on("/3", 200, "image");
        policy = policy.withMaxRedirects(2);
        assertThat(fetch("/1")).isEqualTo("image");
        policy = policy.withMaxRedirects(1);
        assertPathRejected("/1", Reason.TOO_MANY_REDIRECTS, 1);
        policy = policy.withMaxRedirects(0);
        assertPathRejected("/1", Reason.TOO_MANY_REDIRECTS, 1);
        assertThat(fetch("/3")).isEqualTo("image");
    }

    @Test
    void contentOfExactlyTheLimitIsReadAndOneByteMoreIsTooMany() throws ContentRejectedException {
        server.on("/a", 200, "x".repeat(1000));
        server.on("/b", 200, "x".repeat(1001));
        assertThat(fetch("/a")).hasSize(1000);
        assertThat(assertPathRejected("/b", Reason.TOO_MANY_BYTES, 1))
                .hasMessage(server.url("/b") + ": size: 1001 bytes (expected: at most 1000)");
    }

    @Test
    void anOverlongDeclarationIsRefusedBeforeAnyOfTheBodyComes() {
        CompletableFuture<Void> never = new CompletableFuture<>();
        server.on("/a", exchange -> {
            exchange.sendResponseHeaders(200, 1L << 40);
            exchange.getResponseBody().flush();
            never.join();
        });
        try {
            assertPathRejected("/a", Reason.TOO_MANY_BYTES, 1);
        } finally {
            never.complete(null);
        }
    }

    @Test
    void aChunkedBodyIsReadUpToTheLimit() throws ContentRejectedException {
        server.on("/a", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write(new byte[10]);
                exchange.getResponseBody().flush();
            }
        });
        assertThat(fetch("/a")).hasSize(1000);
    }

    @Test
    void anEndlessChunkedBodyIsCutOffAtTheLimit() throws Exception {
        CompletableFuture<IOException> hungUp = new CompletableFuture<>();
        server.on("/a", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try {
                while (true) {
                    exchange.getResponseBody().write(new byte[4096]);
                }
            } catch (IOException e) {
                hungUp.complete(e);
            }
        });
        assertThat(assertPathRejected("/a", Reason.TOO_MANY_BYTES, 1))
                .hasMessage(server.url("/a") + ": size: over 1000 bytes (expected: at most 1000)");
        assertThat(hungUp.get(30, TimeUnit.SECONDS)).isNotNull();
    }

    @Test
    void aBodyThatEndsBeforeItsDeclaredLengthIsNotTakenForTheContent() {
        server.on("/a", exchange -> {
            exchange.sendResponseHeaders(200, 100);
            exchange.getResponseBody().write(new byte[10]);
            // else newer JDKs' servers close without having sent anything, and the client asks again by itself
            exchange.getResponseBody().flush();
        });
        policy = policy.withAttempts(2);
        assertPathRejected("/a", Reason.READ_FAILED, 2);
        assertThat(server.asked()).hasSize(2);
    }

    @Test
    void aChunkedBodyThatBreaksOffIsNotTakenForTheContent() throws Exception {
        policy = policy.withAttempts(1);
        assertThat(rawReply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc"))
                .isInstanceOfSatisfying(
                        ContentRejectedException.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(Reason.READ_FAILED));
    }

    @Test
    void whatFollowsTheDeclaredLengthIsLeftUnread() throws Exception {
        assertThat(rawReply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + "abc" + "d".repeat(100_000)))
                .isEqualTo("abc");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing of the web\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc", ""})
    void anAnswerThatIsNoneIsRefused(String reply) throws Exception {
        policy = policy.withAttempts(1);
        assertThat(rawReply(reply))
                .isInstanceOfSatisfying(
                        ContentRejectedException.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(Reason.READ_FAILED));
    }

    /** What a fetch makes of the bytes that a server sends before it hangs up: the content or the failure. */
    private Object rawReply(String reply) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String host = "127.0.0.1:" + listener.getLocalPort();
            Future<?> served = thread.submit(() -> serve(listener, reply));
            try (ContentFetcher fetcher = new ContentFetcher(policy.withHttpHosts(Set.of(host)))) {
                return new String(fetcher.fetch("http://" + host + "/a"), StandardCharsets.UTF_8);
            } catch (ContentRejectedException e) {
                return e;
            } finally {
                served.cancel(true);
            }
        } finally {
            thread.shutdownNow();
        }
    }

    /** Serves until the listener closes, since the client connects again when a connection ends without any answer. */
    private static Void serve(ServerSocket listener, String reply) throws IOException {
        while (true) {
            try (Socket socket = listener.accept()) {
                readHead(socket);
                socket.getOutputStream().write(reply.getBytes(StandardCharsets.US_ASCII));
                socket.shutdownOutput();
                // Until the client hangs up as well, so that the reply is not lost to a reset.
                readToEnd(socket);
            }
        }
    }

    private static void readToEnd(Socket socket) {
        try {
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // A reset is an end as well.
            assertThat(e).isNotNull();
        }
    }

    private static void readHead(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        int next = socket.getInputStream().read();
        while (next >= 0) {
            head.append((char) next);
            if (head.indexOf("\r\n\r\n") >= 0) {
                return;
            }
            next = socket.getInputStream().read();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "br", "identity, gzip"})
    void encodedContentIsRefused(String encoding) {
        server.on("/a", exchange -> {
            exchange.getResponseHeaders().set("Content-Encoding", encoding);
            TestServer.answer(exchange, 200, "image");
        });
        assertThat(assertPathRejected("/a", Reason.READ_FAILED, 1))
                .hasMessage(server.url("/a") + ": Content-Encoding: " + encoding + " (expected: identity)");
    }

    @Test
    void theIdentityEncodingIsNone() throws ContentRejectedException {
        server.on("/a", exchange -> {
            exchange.getResponseHeaders().set("Content-Encoding", "Identity");
            TestServer.answer(exchange, 200, "image");
        });
        assertThat(fetch("/a")).isEqualTo("image");
    }

    @Test
    void aServerThatDripsBytesIsCutOffWhenTheTransferTakesTooLong() throws Exception {
        CompletableFuture<IOException> hungUp = server.drip("/a");
        policy = policy.withReadTimeout(SHORT).withAttempts(2).withMaxBytes(1 << 20);
        assertTakesAtMostTheLongestFetch(() -> assertPathRejected("/a", Reason.TIMEOUT, 2));
        assertThat(hungUp.get(30, TimeUnit.SECONDS))
                .as("the connection is closed")
                .isNotNull();
    }

    @Test
    void aServerThatDoesNotAnswerIsGivenUpAfterAllAttempts() {
        server.silence("/a");
        policy = policy.withReadTimeout(SHORT);
        assertTakesAtMostTheLongestFetch(() -> assertPathRejected("/a", Reason.TIMEOUT, 3));
    }

    @Test
    void redirectsDoNotRenewTheTimeOfAnAttempt() {
        server.redirect("/a", 302, "/b");
        server.silence("/b");
        policy = policy.withReadTimeout(SHORT).withAttempts(1);
        assertTakesAtMostTheLongestFetch(() -> assertPathRejected("/a", Reason.TIMEOUT, 1));
    }

    private void assertTakesAtMostTheLongestFetch(Runnable fetch) {
        long start = System.nanoTime();
        fetch.run();
        // The slack is for a machine under load, far below what an unbounded wait would take.
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isLessThan(policy.longestFetch().plusSeconds(10));
    }

    @Test
    void aRefusedConnectionIsTriedAgainAndThenUnreachable() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        String host = "127.0.0.1:" + free;
        assertRejected(policy.withHttpHosts(Set.of(host)), "http://" + host + "/a", Reason.UNREACHABLE, 3);
    }

    @Test
    void aNameWithoutAddressIsTriedAgainAndThenGivenUp() {
        ContentRejectedException rejected = rejection(
                policy.withHttpHosts(Set.of("none.invalid")).withAttempts(2).withReadTimeout(Duration.ofSeconds(2)),
                "http://none.invalid/a");
        // A resolver without network may also take its time.
        assertThat(rejected.reason()).isIn(Reason.UNREACHABLE, Reason.TIMEOUT);
        assertThat(rejected.attempts()).isEqualTo(2);
    }

    @Test
    void failuresOfTheNetworkAreWorthAnotherAttemptAndOthersAreNot() {
        try (HttpSource source = new HttpSource(policy)) {
            assertRefusal(source.failed(new HttpConnectTimeoutException("late")), Reason.TIMEOUT, true);
            ConnectException unresolved = new ConnectException();
            unresolved.initCause(new UnresolvedAddressException());
            assertRefusal(source.failed(unresolved), Reason.UNREACHABLE, true);
            assertRefusal(source.failed(new SSLHandshakeException("certificate")), Reason.UNREACHABLE, true);
            assertRefusal(source.failed(new IOException("reset")), Reason.READ_FAILED, true);
            assertRefusal(source.failed(new IllegalStateException("bug")), Reason.READ_FAILED, false);
        }
    }

    private static void assertRefusal(Refusal refusal, Reason reason, boolean retriable) {
        assertThat(refusal.reason()).isEqualTo(reason);
        assertThat(refusal.retriable()).isEqualTo(retriable);
    }

    @Test
    void anInterruptEndsATransferWithoutAVerdictOnTheContent() throws Exception {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        server.silence("/a", arrived);
        assertInterruptEndsFetch(arrived);
        assertThat(server.asked()).hasSize(1);
    }

    @Test
    void anInterruptEndsAPauseBetweenAttemptsWithoutAVerdictOnTheContent() throws Exception {
        policy = policy.withBackoff(ContentPolicy.LONGEST_BACKOFF);
        CompletableFuture<Void> answered = new CompletableFuture<>();
        server.on("/a", exchange -> {
            TestServer.answer(exchange, 503, "later");
            answered.complete(null);
        });
        assertInterruptEndsFetch(answered);
        assertThat(server.asked()).hasSize(1);
    }

    private void assertInterruptEndsFetch(CompletableFuture<Void> ready) throws Exception {
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        try (ContentFetcher fetcher = new ContentFetcher(policy.withReadTimeout(Duration.ofMinutes(2)))) {
            Thread thread = new Thread(() -> {
                Throwable thrown = catchThrowable(() -> fetcher.fetch(server.url("/a")));
                boolean interrupted = Thread.currentThread().isInterrupted();
                flag.complete(thrown instanceof CancellationException && interrupted);
            });
            thread.start();
            ready.get(30, TimeUnit.SECONDS);
            thread.interrupt();
            assertThat(flag.get(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void closingEndsTheFetchesUnderWayAndRefusesFurtherOnes() throws Exception {
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        server.silence("/a", arrived);
        ContentFetcher fetcher = new ContentFetcher(policy.withReadTimeout(Duration.ofMinutes(2)));
        CompletableFuture<Throwable> thrown =
                CompletableFuture.supplyAsync(() -> catchThrowable(() -> fetcher.fetch(server.url("/a"))));
        arrived.get(30, TimeUnit.SECONDS);
        fetcher.close();
        assertThat(thrown.get(20, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
        assertThatIllegalStateException().isThrownBy(() -> fetcher.fetch(server.url("/a")));
    }

    /** On two cores the common pool is a single thread, and it belongs to everybody. */
    @Test
    void aBusyCommonPoolDoesNotHoldAFetchUp() throws Exception {
        server.on("/a", 200, "image");
        CountDownLatch release = new CountDownLatch(1);
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            int threads = ForkJoinPool.commonPool().getParallelism();
            CountDownLatch busy = new CountDownLatch(threads);
            for (int i = 0; i < threads; i++) {
                ForkJoinPool.commonPool().execute(() -> {
                    busy.countDown();
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            }
            assertThat(busy.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(fetcher.fetch(server.url("/a"))).asString().isEqualTo("image");
        } finally {
            release.countDown();
        }
    }

    @Test
    void aClosedSourceAsksNobody() throws Refusal {
        server.on("/a", 200, "image");
        HttpSource source = new HttpSource(policy);
        source.close();
        HttpAddress address = HttpAddress.of(URI.create(server.url("/a")));
        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> source.get(address));
    }

    @Test
    void oneFetcherServesManyThreads() throws Exception {
        server.on(
                "/",
                exchange -> TestServer.answer(
                        exchange, 200, exchange.getRequestURI().getPath()));
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (ContentFetcher fetcher = new ContentFetcher(policy)) {
            List<Future<String>> bodies = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                String url = server.url("/" + i);
                bodies.add(threads.submit(() -> new String(fetcher.fetch(url), StandardCharsets.UTF_8)));
            }
            for (int i = 0; i < 100; i++) {
                assertThat(bodies.get(i).get(30, TimeUnit.SECONDS)).isEqualTo("/" + i);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}

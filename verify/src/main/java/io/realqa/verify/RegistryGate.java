package io.realqa.verify;

import io.realqa.local.LocalRegistry;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A schema registry at a fixed address that can be taken down and brought up again. The registry keeps its schemas in
 * memory: a new one learns them, in the same order and so under the same ids, before the gate opens to it. Without the
 * gate an instance could meet it empty, which is not an outage but a registry that lost its schemas.
 */
final class RegistryGate implements AutoCloseable {
    private final Path home;
    private final int port;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private @Nullable LocalRegistry registry;
    private @Nullable ServerSocket entrance;
    private List<Integer> ids = List.of();

    /** @param home the unpacked distribution of the registry */
    RegistryGate(Path home, int port) {
        this.home = home;
        this.port = port;
    }

    String url() {
        return "http://127.0.0.1:" + port + "/apis/ccompat/v7";
    }

    /** Starts a registry, teaches it the contracts and opens the gate to it. */
    synchronized void up() {
        open(fresh());
    }

    /**
     * An outage: the registry ends, for a while nobody answers, and then another one does. That one is started before,
     * so that a slow machine does not make the outage longer.
     *
     * @return the process ids before and after
     */
    synchronized List<Long> outage(Duration length) throws InterruptedException {
        long before = pid();
        LocalRegistry next = fresh();
        close();
        try {
            TimeUnit.MILLISECONDS.sleep(length.toMillis());
        } finally {
            open(next);
        }
        return List.of(before, pid());
    }

    private LocalRegistry fresh() {
        LocalRegistry fresh = LocalRegistry.start(home);
        SchemaRegistryClient client = new SchemaRegistryClient(fresh.url(), null);
        Topics.register(client);
        List<Integer> now = new ArrayList<>();
        for (Topics t : Topics.values()) {
            now.add(client.register(t.subject(), t.schema()));
        }
        if (!ids.isEmpty() && !ids.equals(now)) {
            fresh.close();
            throw new IllegalStateException("schema ids of the next registry: " + now + " (expected: " + ids + ")");
        }
        ids = now;
        return fresh;
    }

    private void open(LocalRegistry to) {
        registry = to;
        try {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            entrance = socket;
            start(() -> serve(socket, URI.create(to.url()).getPort()), "registry-gate");
        } catch (IOException e) {
            throw new UncheckedIOException("registry gate: port " + port, e);
        }
    }

    /** Ends the registry and every connection to it. */
    @Override
    public synchronized void close() {
        closeQuietly(entrance);
        entrance = null;
        open.forEach(RegistryGate::closeQuietly);
        open.clear();
        if (registry != null) {
            registry.close();
            registry = null;
        }
    }

    /** Process id of the registry, 0 while it is down. */
    synchronized long pid() {
        return registry == null ? 0 : registry.pid();
    }

    private void serve(ServerSocket socket, int target) {
        while (!socket.isClosed()) {
            Socket client;
            try {
                client = socket.accept();
            } catch (IOException e) {
                return; // down() closed it
            }
            try {
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                open.add(client);
                open.add(server);
                start(() -> pump(client, server), "registry-gate-in");
                start(() -> pump(server, client), "registry-gate-out");
            } catch (IOException e) {
                closeQuietly(client);
            }
        }
    }

    private void pump(Socket from, Socket to) {
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            in.transferTo(out);
        } catch (IOException e) {
            // One side has hung up.
        } finally {
            closeQuietly(from);
            closeQuietly(to);
            open.remove(from);
            open.remove(to);
        }
    }

    private static void start(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void closeQuietly(@Nullable Closeable what) {
        try {
            if (what != null) {
                what.close();
            }
        } catch (IOException e) {
            // It is gone either way.
        }
    }
}

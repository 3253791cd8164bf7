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
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

    /** Starts a registry, teaches it the contracts and opens the gate. */
    synchronized void up() {
        LocalRegistry fresh = LocalRegistry.start(home);
        registry = fresh;
        SchemaRegistryClient client = new SchemaRegistryClient(fresh.url(), null);
        Topics.register(client);
        List<Integer> now = new ArrayList<>();
        for (Topics t : Topics.values()) {
            now.add(client.register(t.subject(), t.schema()));
        }
        if (!ids.isEmpty() && !ids.equals(now)) {
            throw new IllegalStateException(
                    "schema ids after the registry's return: " + now + " (expected: " + ids + ")");
        }
        ids = now;
        try {
            ServerSocket socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            entrance = socket;
            start(() -> serve(socket, URI.create(fresh.url()).getPort()), "registry-gate");
        } catch (IOException e) {
            throw new UncheckedIOException("registry gate: port " + port, e);
        }
    }

    /** Ends the registry and every connection to it. */
    synchronized void down() {
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

    @Override
    public void close() {
        down();
    }
}

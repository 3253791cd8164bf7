package io.realqa.local;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Main class of a child process: runs another main class, and ends the process as soon as standard input closes. The
 * parent holds the other end of that pipe, and the operating system closes it however the parent dies, so the child
 * never outlives it, not even after kill -9.
 */
final class ExitWithParent {
    private ExitWithParent() {}

    /** Arguments: the main class to run, then its own arguments. */
    public static void main(String[] args) throws ReflectiveOperationException {
        Thread watch = new Thread(ExitWithParent::haltAtEndOfInput, "exit-with-parent");
        watch.setDaemon(true);
        watch.start();
        try {
            Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(args, 1, args.length));
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(args[0] + " failed", e.getCause());
        }
    }

    private static void haltAtEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is ever written to this pipe; only its end matters.
            }
        } catch (IOException e) {
            System.err.println("parent's pipe broke: " + e);
        }
        Runtime.getRuntime().halt(0);
    }
}

package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With a process that is told to end. */
class StopHookTest {
    /** A service that runs until it is stopped and then ends with the code that is its argument. */
    static final class Service {
        public static void main(String[] args) throws InterruptedException {
            CountDownLatch stopped = new CountDownLatch(1);
            StopHook hook = new StopHook(stopped::countDown, 30);
            if (args.length > 1) {
                hook.ended(Integer.parseInt(args[0]));
                System.exit(Integer.parseInt(args[0]));
            }
            System.out.println("serving");
            stopped.await();
            System.out.println("stopped");
            hook.ended(Integer.parseInt(args[0]));
        }
    }

    private static Process start(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Service.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "3, 143"})
    @Timeout(120)
    void aServiceThatEndsWellWhenItIsToldToEndsTheProcessWithZero(String code, int expected) throws Exception {
        Process process = start(code);
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("serving");
            process.toHandle().destroy();
            assertThat(out.readLine()).isEqualTo("stopped");
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(expected);
        } finally {
            process.destroyForcibly();
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "3"})
    @Timeout(120)
    void aServiceThatEndsByItselfHasItsOwnCode(int code) throws Exception {
        Process process = start(Integer.toString(code), "by itself");
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(code);
        } finally {
            process.destroyForcibly();
        }
    }
}

package io.realqa.cli.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Time that processors spent on this process, which holds everything but the registry. */
final class ProcessorTime {
    private ProcessorTime() {}

    /** @return since the process started, of all its threads, in nanoseconds */
    static long nanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}

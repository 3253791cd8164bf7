package io.realqa.schemas;

import io.realqa.events.ImageUploaded;
import org.apache.avro.util.ClassSecurityValidator;

/**
 * Tells Avro that a schema may name this project's generated classes: since 1.12.2 Avro instantiates only classes that
 * it was told to trust. Avro knows one predicate per process, so this one is composed with what stands there.
 */
public final class EventClasses {
    private static final String PACKAGE = ImageUploaded.class.getPackageName();

    static {
        ClassSecurityValidator.setGlobal(ClassSecurityValidator.composite(
                ClassSecurityValidator.getGlobal(), c -> c.getPackageName().equals(PACKAGE)));
    }

    private EventClasses() {}

    /** Has the effect once, however often it is called. Our serdes call it; call it before using foreign ones. */
    public static void trust() {
        // The work is the static initialiser's, which runs exactly once.
    }
}

package io.realqa.scorer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The regular form taken apart: literals and slots in turn, a literal first and last (which may be empty).
 *
 * @param literals one more than there are slots
 */
record FormTemplate(List<String> literals, List<Slot> slots) {
    private static final Pattern SLOT = Pattern.compile("\\{([^{}]*)\\}");

    /** What a slot holds. */
    enum Kind {
        SCORE,
        /** One of an attribute's values. */
        VALUE,
        /** Why an attribute has its value, in free words. */
        REASON,
        /** An attribute that is free words. */
        TEXT;

        boolean free() {
            return this == REASON || this == TEXT;
        }
    }

    /** A place to be filled in; name: the attribute's, empty for the score. */
    record Slot(Kind kind, String name) {}

    /**
     * Takes a template apart.
     *
     * @param attributes names of the profile's attributes
     * @throws ModelException if a slot is unknown or stands twice, the score is missing, or two slots touch
     */
    static FormTemplate parse(String template, Set<String> attributes) {
        List<String> literals = new ArrayList<>();
        List<Slot> slots = new ArrayList<>();
        Set<Slot> seen = new HashSet<>();
        Matcher m = SLOT.matcher(template);
        int at = 0;
        while (m.find()) {
            Slot slot = slot(m.group(1), attributes);
            if (!seen.add(slot)) {
                throw new ModelException("form.answer: " + m.group() + ": twice (expected: each slot once)");
            }
            if (!slots.isEmpty() && m.start() == at) {
                throw new ModelException(
                        "form.answer: " + m.group() + " follows another slot (expected: some text between them)");
            }
            literals.add(template.substring(at, m.start()));
            slots.add(slot);
            at = m.end();
        }
        literals.add(template.substring(at));
        if (!seen.contains(new Slot(Kind.SCORE, ""))) {
            throw new ModelException("form.answer: " + template + " (expected: a text with {score})");
        }
        return new FormTemplate(List.copyOf(literals), List.copyOf(slots));
    }

    private static Slot slot(String text, Set<String> attributes) {
        if (text.equals("score")) {
            return new Slot(Kind.SCORE, "");
        }
        if (attributes.contains(text)) {
            return new Slot(Kind.VALUE, text);
        }
        int dot = text.lastIndexOf('.');
        String name = dot < 0 ? text : text.substring(0, dot);
        String kind = dot < 0 ? "" : text.substring(dot + 1);
        if (kind.equals("reason") && attributes.contains(name)) {
            return new Slot(Kind.REASON, name);
        }
        if (kind.equals("text") && !name.isBlank() && !attributes.contains(name)) {
            return new Slot(Kind.TEXT, name);
        }
        throw new ModelException(
                "form.answer: {" + text + "} (expected: {score}, {NAME} or {NAME.reason} of an attribute, "
                        + new TreeSet<>(attributes) + ", or {NAME.text} of another name)");
    }
}

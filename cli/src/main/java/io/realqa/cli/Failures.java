package io.realqa.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Objects;

/** I/O errors as people read them, {@code path: what went wrong}: Java's own say it by the names of classes. */
public final class Failures {
    private Failures() {}

    /** Of a file that the error may not name. */
    public static String of(Path path, IOException e) {
        return path + ": " + what(e);
    }

    /** As above, with the file that the error names, if it names one. */
    static String of(IOException e) {
        if (!(e instanceof FileSystemException known) || known.getFile() == null) {
            return what(e);
        }
        String to = known.getOtherFile() == null ? "" : " -> " + known.getOtherFile();
        return known.getFile() + to + ": " + what(e);
    }

    /** As above; what the code that wrapped the error has said besides stays. */
    static String of(UncheckedIOException e) {
        IOException cause = Objects.requireNonNull(e.getCause()); // its constructors want one
        boolean namesItsFile = cause instanceof FileSystemException known && known.getFile() != null;
        return namesItsFile ? of(cause) : String.valueOf(e.getMessage()).replace(cause.toString(), what(cause));
    }

    /** A message, and those of its causes that it does not repeat: a library's own often only says what it was about. */
    public static String withCauses(Throwable e) {
        StringBuilder text = new StringBuilder(String.valueOf(e.getMessage()));
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            String message = cause.getMessage();
            if (message != null && text.indexOf(message) < 0) {
                text.append(": ").append(message);
            }
        }
        return text.toString();
    }

    /** What went wrong, without the file. */
    public static String what(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or folder";
        } else if (e instanceof AccessDeniedException) {
            return "permission denied";
        } else if (e instanceof FileAlreadyExistsException) {
            return "exists already";
        } else if (e instanceof DirectoryNotEmptyException) {
            return "a folder that is not empty";
        } else if (e instanceof NotDirectoryException) {
            return "not a folder";
        } else if (e instanceof CharacterCodingException) {
            return "not UTF-8";
        } else if (e instanceof FileSystemException known && known.getReason() != null) {
            return known.getReason();
        }
        boolean saysIt = e.getClass() == IOException.class || e instanceof FileNotFoundException;
        return saysIt && e.getMessage() != null ? e.getMessage() : e.toString();
    }
}

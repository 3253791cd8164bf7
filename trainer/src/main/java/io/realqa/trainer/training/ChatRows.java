package io.realqa.trainer.training;

import io.realqa.scorer.TrainingChat;
import io.realqa.scorer.TrainingItem;
import io.realqa.trainer.data.Conversation;
import io.realqa.trainer.data.ConversationIndex;
import io.realqa.trainer.data.DataException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.SplittableRandom;

/** Conversations of data sets as chats to train on. Rows and images stay in their files. Safe for any thread. */
final class ChatRows implements TrainingLoop.Rows {
    private final ConversationIndex index;
    private final int[] rows;
    private final ImageSource images;
    private final int cutoffLength;

    /**
     * @param rows of the index
     * @param cutoffLength most tokens of a chat
     */
    ChatRows(ConversationIndex index, int[] rows, ImageSource images, int cutoffLength) {
        this.index = index;
        this.rows = rows.clone();
        this.images = images;
        this.cutoffLength = cutoffLength;
    }

    /**
     * Parts rows into those that train and those that judge, by chance.
     *
     * @param validation a share of the rows, rounded up, or from 1 on a number of rows
     * @return training rows and held-out rows, each in ascending order
     * @throws IllegalArgumentException if none is left to train on
     */
    static int[][] split(int size, double validation, long seed) {
        long held = validation >= 1 ? (long) validation : (long) Math.ceil(validation * size);
        if (held >= size) {
            throw new IllegalArgumentException(
                    "val_size: " + validation + " (expected: less than all " + size + " rows of the data sets)");
        }
        int[] order = new int[size];
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < size; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        int[] heldOut = java.util.Arrays.copyOf(order, (int) held);
        int[] training = java.util.Arrays.copyOfRange(order, (int) held, size);
        java.util.Arrays.sort(heldOut);
        java.util.Arrays.sort(training);
        return new int[][] {training, heldOut};
    }

    /**
     * Reads every row once, so that one that cannot be trained on is named before training starts.
     *
     * @param digest is told all that the rows say
     * @throws DataException naming file, row and field
     */
    void check(MessageDigest digest) {
        for (int row : rows) {
            Conversation c = index.get(row);
            ChatText text = ChatText.of(c);
            digest.update((text + "\n" + c.imageNames() + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public int size() {
        return rows.length;
    }

    @Override
    public TrainingItem get(int row, SplittableRandom random) {
        return chat(row);
    }

    /** A row with its image. */
    TrainingChat chat(int row) {
        Conversation c = index.get(rows[row]);
        ChatText text = ChatText.of(c);
        Path image = c.images().get(0);
        try {
            return new TrainingChat(c.where(), images.get(image), text.before(), text.exchanges(), cutoffLength);
        } catch (IllegalArgumentException e) {
            throw new DataException(c.where() + ": images: " + e.getMessage(), e);
        }
    }

    /** Rows from one to before another. */
    List<TrainingChat> chats(int from, int to) {
        return java.util.stream.IntStream.range(from, to).mapToObj(this::chat).toList();
    }
}

package io.realqa.cli.predict;

/**
 * LLaMA-Factory's template qwen2_vl: ChatML, the default system text, and an image where its placeholder stands. One
 * image a chat, which is what RealQA's data has.
 *
 * @param before the chat before the image
 * @param after the chat after it, up to where the last answer begins
 */
record Qwen2VlTemplate(String before, String after) {
    static final String NAME = "qwen2_vl";
    private static final String PLACEHOLDER = "<image>";
    private static final String SYSTEM = "You are a helpful assistant.";

    /**
     * Writes an example's chat.
     *
     * @throws IllegalArgumentException if it has not one image with one placeholder
     */
    static Qwen2VlTemplate of(Example example) {
        StringBuilder chat = new StringBuilder("<|im_start|>system\n")
                .append(example.system() == null || example.system().isEmpty() ? SYSTEM : example.system())
                .append("<|im_end|>\n");
        for (int i = 0; i < example.turns().size() - 1; i += 2) {
            if (i > 0) {
                chat.append(example.turns().get(i - 1)).append("<|im_end|>\n");
            }
            chat.append("<|im_start|>user\n")
                    .append(example.turns().get(i))
                    .append("<|im_end|>\n<|im_start|>assistant\n");
        }
        String text = chat.toString();
        int at = text.indexOf(PLACEHOLDER);
        int placeholders = at < 0 ? 0 : text.indexOf(PLACEHOLDER, at + 1) < 0 ? 1 : 2;
        if (text.contains("<video>")) {
            throw new IllegalArgumentException(example.where() + ": <video> (expected: an image in each chat)");
        }
        if (example.images().size() != 1 || placeholders != 1) {
            throw new IllegalArgumentException(example.where() + ": "
                    + example.images().size() + " images, " + (placeholders > 1 ? "several" : placeholders) + " "
                    + PLACEHOLDER + " (expected: one of each)");
        }
        return new Qwen2VlTemplate(text.substring(0, at), text.substring(at + PLACEHOLDER.length()));
    }
}

// What people say about a recognition: the last comments, and one more.
import { ActionIcon, Group, Stack, Text, TextInput } from "@mantine/core";
import { MessageCircle, SendHorizontal } from "lucide-react";
import { type SyntheticEvent, useState } from "react";
import { useMutation, useQuery } from "urql";

import { CommentDocument, RecognitionDocument } from "../contract/graphql";
import { since } from "../formats";
import { feedMessages } from "./messages";
import { went } from "../outcome";
import { Face } from "../shell/Face";
import type { Recognition } from "./RecognitionCard";

const ABOUT = { additionalTypenames: ["Comment"] };

export function TalkButton({ count, open, toggle }: { count: number; open: boolean; toggle: () => void }) {
  return (
    <button type="button" className="chip" aria-expanded={open} onClick={toggle}>
      <MessageCircle size={15} aria-hidden />
      {feedMessages.comments(count)}
    </button>
  );
}

export function Talk({ recognition }: { recognition: Recognition }) {
  const [{ data }] = useQuery({ query: RecognitionDocument, variables: { id: recognition.id }, context: ABOUT });
  const [{ fetching }, comment] = useMutation(CommentDocument);
  const [text, setText] = useState("");
  const opened = data?.node && "comments" in data.node ? data.node.comments.nodes : recognition.comments.nodes;

  async function send(event: SyntheticEvent) {
    event.preventDefault();
    if (text.trim() !== "" && went(await comment({ recognitionId: recognition.id, text }))) setText("");
  }

  return (
    <Stack gap="sm" pt="sm" style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
      {[...opened].reverse().map((word) => (
        <Group key={word.id} gap="sm" wrap="nowrap" align="flex-start">
          <Face name={word.author.displayName} size={28} />
          <div style={{ minWidth: 0 }}>
            <Text fz="sm">
              <Text span fw={600} fz="sm">
                {word.author.displayName}
              </Text>{" "}
              <Text span c="dimmed" fz="xs">
                {since(word.at)}
              </Text>
            </Text>
            <Text fz="sm" className="said">
              {word.text}
            </Text>
          </div>
        </Group>
      ))}
      <Group component="form" gap="xs" wrap="nowrap" onSubmit={send}>
        <TextInput
          flex={1}
          radius="xl"
          aria-label={feedMessages.write}
          placeholder={feedMessages.write}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <ActionIcon type="submit" size={36} radius="xl" aria-label={feedMessages.send} loading={fetching} disabled={text.trim() === ""}>
          <SendHorizontal size={17} aria-hidden />
        </ActionIcon>
      </Group>
    </Stack>
  );
}

// Emoji under a recognition: press one to add it, press it again to take it back.
import { Group, Popover } from "@mantine/core";
import { SmilePlus } from "lucide-react";
import { useState } from "react";
import { useMutation } from "urql";

import { ReactDocument } from "../contract/graphql";
import { feedMessages } from "./messages";
import { went } from "../outcome";
import type { Recognition } from "./RecognitionCard";

const OFFERED = ["👏", "🎉", "❤️", "🙌", "💡", "🚀"];

export function Reactions({ id, reactions }: Pick<Recognition, "id" | "reactions">) {
  const [, react] = useMutation(ReactDocument);
  const [open, setOpen] = useState(false);
  const put = async (emoji: string, on: boolean) => {
    setOpen(false);
    went(await react({ recognitionId: id, emoji, on }));
  };
  return (
    <>
      {reactions.map(({ emoji, count, mine }) => (
        <button
          key={emoji}
          type="button"
          className="chip"
          aria-pressed={mine}
          aria-label={feedMessages.reactions(shown(emoji), count)}
          onClick={() => put(emoji, !mine)}
        >
          <span>{shown(emoji)}</span>
          <span className="numbers">{count}</span>
        </button>
      ))}
      <Popover opened={open} onChange={setOpen} position="top-start" radius="xl" shadow="md" trapFocus returnFocus>
        <Popover.Target>
          <button type="button" className="chip" aria-label={feedMessages.react} onClick={() => setOpen(!open)}>
            <SmilePlus size={16} aria-hidden />
          </button>
        </Popover.Target>
        <Popover.Dropdown p={4} aria-label={feedMessages.react}>
          <Group gap={2} wrap="nowrap">
            {OFFERED.map((emoji) => (
              <button key={emoji} type="button" className="offer" aria-label={feedMessages.reactWith(emoji)} onClick={() => put(emoji, true)}>
                {emoji}
              </button>
            ))}
          </Group>
        </Popover.Dropdown>
      </Popover>
    </>
  );
}

/** Slack's own emoji have only a name. */
function shown(emoji: string): string {
  return /^[\w+-]+$/.test(emoji) ? `:${emoji}:` : emoji;
}

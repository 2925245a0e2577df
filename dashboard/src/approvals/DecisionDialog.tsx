// Asks once more before a redemption is decided, and for the words that its member will read.
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { type SyntheticEvent, useState } from "react";
import { useMutation } from "urql";

import { ApproveRedemptionDocument, FulfilRedemptionDocument, RejectRedemptionDocument } from "../contract/graphql";
import { messages } from "../messages";
import { approvalsMessages } from "./messages";
import { refusalIn, tell } from "../outcome";
import type { Redemption } from "../rewards/MyRedemptions";
import { usePoints } from "../viewer";

export type Decision = { kind: "approve" | "reject" | "fulfil"; redemption: Redemption };

export function DecisionDialog({ decision, close }: { decision: Decision; close: () => void }) {
  const { kind, redemption } = decision;
  const text = approvalsMessages;
  const points = usePoints();
  const [words, setWords] = useState("");
  const [refusal, setRefusal] = useState<string | null>(null);
  const [approving, approve] = useMutation(ApproveRedemptionDocument);
  const [rejecting, reject] = useMutation(RejectRedemptionDocument);
  const [fulfilling, fulfil] = useMutation(FulfilRedemptionDocument);
  const price = points(redemption.pricePoints);
  const asked = { approve: text.approveTitle, reject: text.rejectTitle, fulfil: text.fulfilTitle }[kind];
  const why = { approve: text.approveWhy, reject: text.rejectWhy(price), fulfil: text.fulfilWhy(price) }[kind];
  const ready = kind !== "reject" || words.trim() !== "";

  async function decide(event: SyntheticEvent) {
    event.preventDefault();
    if (!ready) return;
    const id = redemption.id;
    const note = words.trim() || null;
    const result = await (kind === "reject" ? reject({ id, reason: words }) : kind === "approve" ? approve({ id, note }) : fulfil({ id, note }));
    const said = refusalIn<object>(result);
    setRefusal(said);
    if (said === null) {
      tell(text.done[kind]);
      close();
    }
  }

  return (
    <Modal opened onClose={close} title={asked(redemption.rewardName, redemption.member.displayName)} attributes={{ header: { role: "none" } }}
      closeButtonProps={{ "aria-label": messages.close }} styles={{ title: { fontWeight: 650 } }}>
      <form onSubmit={decide}>
        <Stack gap="md">
          <Text c="dimmed">{why}</Text>
          <Textarea
            data-autofocus
            label={kind === "reject" ? text.reason : text.note}
            required={kind === "reject"}
            maxLength={300}
            autosize
            minRows={2}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
          {refusal && (
            <Text role="alert" fz="sm" c="var(--plaudit-bad)">
              {refusal}
            </Text>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {messages.cancel}
            </Button>
            <Button type="submit" color={kind === "reject" ? "red" : undefined} disabled={!ready} loading={approving.fetching || rejecting.fetching || fulfilling.fetching}>
              {text[kind]}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

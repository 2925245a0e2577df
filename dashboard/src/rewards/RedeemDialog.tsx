// Redeems a reward at the price that was seen: what it costs, and what is left after it.
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { type SyntheticEvent, useRef, useState } from "react";
import { useMutation } from "urql";

import { newKey } from "../client";
import { RedeemRewardDocument } from "../contract/graphql";
import { messages } from "../messages";
import { rewardsMessages } from "./messages";
import { refusalIn, tell } from "../outcome";
import { usePoints, useViewer } from "../viewer";
import { Picture } from "./Picture";
import type { Reward } from "./RewardCard";

export function RedeemDialog({ reward, close }: { reward: Reward; close: () => void }) {
  const { member } = useViewer();
  const points = usePoints();
  const [note, setNote] = useState("");
  const [refusal, setRefusal] = useState<string | null>(null);
  const [{ fetching }, redeem] = useMutation(RedeemRewardDocument);
  const key = useRef(newKey());
  const balance = member.wallet?.balance ?? 0;
  const text = rewardsMessages;

  async function send(event: SyntheticEvent) {
    event.preventDefault();
    const input = { rewardId: reward.id, priceExpected: reward.pricePoints, note: note.trim() || null, idempotencyKey: key.current };
    const result = await redeem({ input });
    const said = refusalIn(result);
    // An answer settles the act; only what was lost on the way is tried again under the same key.
    if (result.data !== undefined) key.current = newKey();
    setRefusal(said);
    if (said === null) {
      tell(reward.requiresApproval ? text.doneApproval(reward.name) : text.done(reward.name));
      close();
    }
  }

  return (
    <Modal opened onClose={close} title={text.redeemNamed(reward.name)} attributes={{ header: { role: "none" } }}
      closeButtonProps={{ "aria-label": messages.close }} styles={{ title: { fontWeight: 650 } }}>
      <form onSubmit={send}>
        <Stack gap="md">
          <div style={{ borderRadius: 12, overflow: "hidden" }}>
            <Picture imageUrl={reward.imageUrl} />
          </div>
          {reward.description && <Text c="dimmed">{reward.description}</Text>}
          <dl className="sums numbers">
            <dt>{text.balance}</dt>
            <dd>{points(balance)}</dd>
            <dt>{text.price}</dt>
            <dd>−{points(reward.pricePoints)}</dd>
            <dt className="total">{text.after}</dt>
            <dd className="total">{points(balance - reward.pricePoints)}</dd>
          </dl>
          {reward.provider === "MANUAL" && (
            <Textarea
              data-autofocus
              label={text.note}
              placeholder={text.noteHint}
              maxLength={300}
              autosize
              minRows={2}
              value={note}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
          )}
          {reward.requiresApproval && (
            <Text fz="sm" c="dimmed">
              {text.approvalWhy}
            </Text>
          )}
          {refusal && (
            <Text role="alert" fz="sm" c="var(--plaudit-bad)">
              {refusal}
            </Text>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {messages.cancel}
            </Button>
            <Button type="submit" loading={fetching}>
              {text.confirm(points(reward.pricePoints))}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

// What one has redeemed, from the request to the delivery.
import { Button, Code, CopyButton, Group, Paper, Text } from "@mantine/core";
import { Ticket } from "lucide-react";
import { useMemo, useState } from "react";
import { useMutation, useQuery } from "urql";

import { CancelRedemptionDocument, RedemptionsDocument, type RedemptionsQuery } from "../contract/graphql";
import { date } from "../formats";
import { rewardsMessages } from "./messages";
import { tell, went } from "../outcome";
import { type PageInfo, Pages } from "../pages";
import { Empty, Loading, Trouble } from "../shell/states";
import { usePoints, useViewer } from "../viewer";
import { Picture } from "./Picture";
import { Status } from "./Status";

export type Redemption = RedemptionsQuery["redemptions"]["nodes"][number];
const ABOUT = { additionalTypenames: ["Redemption"] };

export function MyRedemptions({ browse }: { browse: () => void }) {
  return <Pages page={(after, rest) => <Some key={after} after={after} rest={rest} browse={browse} />} />;
}

function Some({ after, rest, browse }: { after: string | null; rest: (info: PageInfo) => React.ReactNode; browse: () => void }) {
  const { member } = useViewer();
  const variables = useMemo(() => ({ first: 20, after, memberId: member.id }), [after, member.id]);
  const [{ data, error }, again] = useQuery({ query: RedemptionsDocument, variables, context: ABOUT });
  if (data === undefined) return error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading height={96} />;
  const { nodes, pageInfo } = data.redemptions;
  if (nodes.length === 0 && after === null) {
    return (
      <Empty icon={Ticket} title={rewardsMessages.none} why={rewardsMessages.noneWhy}>
        <Button variant="light" mt="md" onClick={browse}>
          {rewardsMessages.browse}
        </Button>
      </Empty>
    );
  }
  return (
    <>
      {nodes.map((redemption) => (
        <Row key={redemption.id} redemption={redemption} />
      ))}
      {rest(pageInfo)}
    </>
  );
}

function Row({ redemption }: { redemption: Redemption }) {
  const points = usePoints();
  const [{ fetching }, cancel] = useMutation(CancelRedemptionDocument);
  const [shown, setShown] = useState(false);

  async function takeBack() {
    if (went(await cancel({ id: redemption.id }))) tell(rewardsMessages.cancelled);
  }

  return (
    <Paper component="article" p="md">
      <Group gap="md" align="flex-start" wrap="nowrap">
        <Picture imageUrl={redemption.reward.imageUrl} small />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Group justify="space-between" gap="xs" align="flex-start">
            <Text fw={600}>{redemption.rewardName}</Text>
            <Status status={redemption.status} />
          </Group>
          <Text c="dimmed" fz="sm">
            {points(redemption.pricePoints)} · {date(redemption.requestedAt)}
          </Text>
          {redemption.answer && (
            <Text fz="sm" mt={6}>
              <Text span fz="sm" c="dimmed">
                {rewardsMessages.answer}
              </Text>{" "}
              {redemption.answer}
            </Text>
          )}
          {redemption.status === "PENDING_APPROVAL" && (
            <Button variant="default" size="xs" mt="sm" loading={fetching} onClick={takeBack}>
              {rewardsMessages.cancel}
            </Button>
          )}
          {redemption.voucherCode && (
            <Group gap="xs" mt="sm">
              <Button variant="default" size="xs" aria-expanded={shown} onClick={() => setShown(!shown)}>
                {shown ? rewardsMessages.hideCode : rewardsMessages.showCode}
              </Button>
              {shown && (
                <>
                  <Code fz="sm" aria-label={rewardsMessages.code}>
                    {redemption.voucherCode}
                  </Code>
                  <CopyButton value={redemption.voucherCode}>
                    {({ copied, copy }) => (
                      <Button variant="subtle" size="xs" onClick={copy}>
                        {copied ? rewardsMessages.copied : rewardsMessages.copy}
                      </Button>
                    )}
                  </CopyButton>
                </>
              )}
            </Group>
          )}
        </div>
      </Group>
    </Paper>
  );
}

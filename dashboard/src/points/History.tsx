// What came into a wallet and went out of it, newest first.
import { Paper, Text } from "@mantine/core";
import { Coins } from "lucide-react";
import { useMemo } from "react";
import { useQuery } from "urql";

import { WalletHistoryDocument, type WalletHistoryQuery } from "../contract/graphql";
import { change, date, moment } from "../formats";
import { pointsMessages } from "./messages";
import { type PageInfo, Pages } from "../pages";
import { Empty, Loading, Trouble } from "../shell/states";

type Transfer = NonNullable<NonNullable<WalletHistoryQuery["member"]>["wallet"]>["transfers"]["nodes"][number];
const ABOUT = { additionalTypenames: ["Transfer", "Redemption"] };

export function History({ id }: { id: string }) {
  return <Pages page={(after, rest) => <Some key={after} id={id} after={after} rest={rest} />} />;
}

function Some({ id, after, rest }: { id: string; after: string | null; rest: (info: PageInfo) => React.ReactNode }) {
  const variables = useMemo(() => ({ id, first: 25, after }), [id, after]);
  const [{ data, error }, again] = useQuery({ query: WalletHistoryDocument, variables, context: ABOUT });
  if (data === undefined) return error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading rows={1} height={320} />;
  const transfers = data.member?.wallet?.transfers;
  if (transfers === undefined || (transfers.nodes.length === 0 && after === null)) {
    return <Empty icon={Coins} title={pointsMessages.empty} why={pointsMessages.emptyWhy} />;
  }
  return (
    <>
      <Paper component="ul" p={0} m={0} className="rows" aria-label={pointsMessages.history}>
        {transfers.nodes.map((transfer) => (
          <Row key={transfer.id} transfer={transfer} />
        ))}
      </Paper>
      {rest(transfers.pageInfo)}
    </>
  );
}

function Row({ transfer }: { transfer: Transfer }) {
  const { recognition, memo } = transfer;
  const kind = pointsMessages.kinds[transfer.kind];
  const about = recognition ? recognition.message : memo;
  return (
    <li className="row">
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text fw={500} fz="sm">
          {kind}
          {recognition && transfer.kind !== "REVERSAL" && (
            <Text span c="dimmed" fw={400} fz="sm">
              {" · "}
              {pointsMessages.from(recognition.giver.displayName)}
            </Text>
          )}
        </Text>
        {about && (
          <Text c="dimmed" fz="sm" truncate>
            {about}
          </Text>
        )}
      </div>
      <Text component="time" c="dimmed" fz="sm" dateTime={transfer.postedAt} title={moment(transfer.postedAt)} style={{ whiteSpace: "nowrap" }}>
        {date(transfer.postedAt)}
      </Text>
      <Text className="numbers" fw={600} w={64} ta="right" c={transfer.points > 0 ? "var(--plaudit-good)" : undefined}>
        {change(transfer.points)}
      </Text>
    </li>
  );
}

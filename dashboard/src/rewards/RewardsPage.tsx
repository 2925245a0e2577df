// What points buy, and what one has bought.
import { SegmentedControl } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";

import { rewardsMessages } from "./messages";
import { Page } from "../shell/Page";
import { usePoints, useViewer } from "../viewer";
import { Catalog } from "./Catalog";
import { MyRedemptions } from "./MyRedemptions";

const route = getRouteApi("/rewards");

export function RewardsPage() {
  const { show } = route.useSearch();
  const navigate = route.useNavigate();
  const { member } = useViewer();
  const points = usePoints();
  return (
    <Page
      title={rewardsMessages.title}
      lead={rewardsMessages.lead(points(member.wallet?.balance ?? 0))}
      actions={
        <SegmentedControl
          aria-label={rewardsMessages.sections}
          value={show ?? "catalog"}
          onChange={(chosen) => navigate({ search: { show: chosen === "mine" ? "mine" : undefined } })}
          data={[
            { value: "catalog", label: rewardsMessages.catalog },
            { value: "mine", label: rewardsMessages.mine },
          ]}
        />
      }
    >
      {show === "mine" ? <MyRedemptions browse={() => navigate({ search: {} })} /> : <Catalog />}
    </Page>
  );
}

// Recognitions over time.
import { useCallback } from "react";

import type { InsightsQuery } from "../contract/graphql";
import { day } from "../formats";
import { insightsMessages } from "./messages";
import { Chart, type Ink } from "./Chart";
import { Figure } from "./Figure";

type Point = InsightsQuery["insights"]["trend"][number];
const text = insightsMessages.trend;

export function Trend({ trend }: { trend: Point[] }) {
  const option = useCallback(
    (ink: Ink) => ({
      grid: { left: 4, right: 12, top: 16, bottom: 4, containLabel: true },
      textStyle: { fontFamily: ink.font },
      tooltip: {
        trigger: "axis",
        backgroundColor: ink.paper,
        borderColor: ink.line,
        textStyle: { color: ink.text, fontSize: 13 },
      },
      xAxis: {
        type: "category",
        data: trend.map((point) => day(point.start)),
        boundaryGap: false,
        axisLine: { lineStyle: { color: ink.line } },
        axisTick: { show: false },
        axisLabel: { color: ink.dimmed, hideOverlap: true, formatter: (label: string) => label.replace(/,? \d{4}$/, "") },
      },
      yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: ink.line } }, axisLabel: { color: ink.dimmed } },
      series: [
        {
          name: text.recognitions,
          type: "line",
          data: trend.map((point) => point.recognitionCount),
          smooth: 0.2,
          symbolSize: 6,
          showSymbol: trend.length < 40,
          lineStyle: { width: 2.5, color: ink.accent },
          itemStyle: { color: ink.accent },
          areaStyle: { color: ink.accent, opacity: 0.08 },
        },
      ],
    }),
    [trend],
  );
  return (
    <Figure
      title={text.title}
      how={text.how}
      columns={text.columns}
      rows={trend.map((point) => [day(point.start), point.recognitionCount, point.points, point.givers, point.receivers])}
      picture={<Chart label={text.title} height={280} option={option} />}
    />
  );
}

// A figure with its table: what the picture shows, in numbers, which is also what can be taken away as CSV.
import { Button, Group, Paper, SegmentedControl, Table, Title } from "@mantine/core";
import { Download } from "lucide-react";
import { type ReactNode, useState } from "react";

import { number } from "../formats";
import { insightsMessages } from "./messages";
import { How } from "./How";

export type Cell = string | number | null;
const text = insightsMessages;

export function Figure(props: {
  title: string;
  how: string;
  columns: readonly string[];
  rows: Cell[][];
  /** As people read a number of this column; without it, as a whole number. */
  formats?: Record<number, (value: number) => string>;
  picture?: ReactNode;
  actions?: ReactNode;
}) {
  const { title, how, columns, rows, picture } = props;
  const [shown, setShown] = useState<"chart" | "table">(picture ? "chart" : "table");
  const written = (value: Cell, column: number) => {
    if (value === null) return text.hidden;
    return typeof value === "number" ? (props.formats?.[column] ?? number)(value) : value;
  };
  return (
    <Paper component="section" aria-label={title} miw={0} style={{ display: "flex", flexDirection: "column" }}>
      <Group justify="space-between" mb="md" gap="sm">
        <Title order={2}>{title}</Title>
        <Group gap="xs">
          {props.actions}
          {picture && (
            <SegmentedControl
              size="xs"
              aria-label={text.shownAs(title)}
              value={shown}
              onChange={(chosen) => setShown(chosen === "table" ? "table" : "chart")}
              data={[
                { value: "chart", label: text.chart },
                { value: "table", label: text.table },
              ]}
            />
          )}
        </Group>
      </Group>
      {shown === "chart" ? (
        picture
      ) : (
        // A wide table is scrolled, by keyboard too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="scrolled" role="region" aria-label={`${title}: ${text.table}`} tabIndex={0}>
          <Table fz="sm" verticalSpacing={8} className="numbers">
            <Table.Thead>
              <Table.Tr>
                {columns.map((column, at) => (
                  <Table.Th key={column} ta={at > 0 && typeof rows[0]?.[at] !== "string" ? "right" : undefined} fw={500} c="dimmed">
                    {column}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row, line) => (
                <Table.Tr key={line}>
                  {row.map((value, at) => (
                    <Table.Td key={columns[at]} ta={typeof value === "string" ? undefined : "right"} c={value === null ? "dimmed" : undefined}>
                      {written(value, at)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <Group justify="space-between" align="flex-start" wrap="nowrap" mt="auto" pt="xs">
        <div>
          <How>{how}</How>
        </div>
        <Button variant="subtle" size="compact-sm" mt={6} leftSection={<Download size={14} aria-hidden />} onClick={() => save(title, columns, rows)} aria-label={`${text.csv}: ${title}`}>
          CSV
        </Button>
      </Group>
    </Paper>
  );
}

/** As RFC 4180 wants it. A cell that a spreadsheet would take for a formula is told to be text. */
export function csv(columns: readonly string[], rows: Cell[][]): string {
  const cell = (value: Cell) => {
    const plain = value === null ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function save(title: string, columns: readonly string[], rows: Cell[][]): void {
  const address = URL.createObjectURL(new Blob([csv(columns, rows)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${title}.csv`;
  link.click();
  URL.revokeObjectURL(address);
}

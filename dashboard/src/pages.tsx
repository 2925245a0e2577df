// A long list, page by page: each page asks for itself, so that what changes on one is read anew without losing the others.
import { Button, Center } from "@mantine/core";
import { type ReactNode, useState } from "react";

import { messages } from "./messages";

export type PageInfo = { hasNextPage: boolean; endCursor: string | null };
type Rest = (info: PageInfo) => ReactNode;

/** Draws one page; `rest` belongs below it: the next page, or the way to it. */
export function Pages({ page }: { page: (after: string | null, rest: Rest) => ReactNode }) {
  const [last, setLast] = useState(0);
  const draw = (after: string | null, at: number): ReactNode =>
    page(after, ({ hasNextPage, endCursor }) => {
      if (!hasNextPage) return null;
      if (at < last) return draw(endCursor, at + 1);
      return (
        <Center>
          <Button variant="default" onClick={() => setLast(at + 1)}>
            {messages.more}
          </Button>
        </Center>
      );
    });
  return draw(null, 0);
}

// What approvals say.
import { counted } from "../formats";

export const approvalsMessages = {
  title: "Approvals",
  lead: "What people have redeemed, and what waits for you",
  pending: "To approve",
  deliver: "To deliver",
  sections: "What waits",
  empty: "Nothing waits for you",
  emptyWhy: "New requests appear here as soon as somebody redeems a reward.",
  waiting: (days: number) => (days === 0 ? "Since today" : `For ${counted(days, "day", "days")}`),
  approve: "Approve",
  reject: "Decline",
  fulfil: "Mark delivered",
  own: "Yours: somebody else decides",
  says: "With the request:",
  approveTitle: (reward: string, member: string) => `Approve ${reward} for ${member}?`,
  rejectTitle: (reward: string, member: string) => `Decline ${reward} for ${member}?`,
  fulfilTitle: (reward: string, member: string) => `Is ${reward} with ${member}?`,
  approveWhy: "It then waits to be delivered.",
  rejectWhy: (points: string) => `${points} go back to their wallet. They read your reason.`,
  fulfilWhy: (points: string) => `${points} are then spent for good.`,
  note: "A note (optional)",
  reason: "Why?",
  done: { approve: "Approved.", reject: "Declined. The points are back.", fulfil: "Delivered." },
};

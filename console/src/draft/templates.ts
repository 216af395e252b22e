import type { Definition } from "./definition.ts";

export type Template = { key: string; name: string; says: string; definition: Definition };

const unsubscribe = "\n\nIf you would rather not hear from me: {{ unsubscribe_url }}";

/** What a new sequence may begin with; each is right as it is, and meant to be changed. */
export const TEMPLATES: readonly Template[] = [
  {
    key: "scratch", name: "From scratch", says: "One email, to begin with.",
    definition: { steps: [{ id: "hello", type: "email", subject: "Hello {{ name | default: \"there\" }}", body: `Hi {{ name | default: "there" }},\n\nwhat is this about?${unsubscribe}` }] },
  },
  {
    key: "outreach", name: "Cold outreach", says: "Three emails over ten days on weekdays; an answer ends it.",
    definition: {
      window: { days: "mon-fri", from: "09:00", to: "17:00" },
      steps: [
        { id: "intro", type: "email", subject: "A question about {{ company | default: \"your team\" }}", body: `Hi {{ name | default: "there" }},\n\nhow do you follow up with leads today?${unsubscribe}` },
        { type: "delay", business_days: 3 },
        { id: "nudge", type: "email", thread: "intro", body: `Hi {{ name | default: "there" }}, did my last note reach you?${unsubscribe}` },
        { type: "delay", business_days: 5 },
        { id: "last", type: "email", thread: "intro", body: `This is my last note. Write back whenever it suits you.${unsubscribe}` },
      ],
    },
  },
  {
    key: "welcome", name: "Welcome", says: "A greeting, a tip after two days, and a task where nobody clicked.",
    definition: {
      steps: [
        { id: "welcome", type: "email", subject: "Welcome, {{ name | default: \"and hello\" }}", body: `Hi {{ name | default: "there" }}, good to have you here.${unsubscribe}` },
        { type: "delay", days: 2 },
        { id: "tip", type: "email", subject: "One tip to begin with", body: `This is how most begin: https://example.com/start${unsubscribe}` },
        { type: "delay", days: 3 },
        { id: "looked", type: "condition", if: "clicked", else: [{ id: "call", type: "task", title: "Call {{ name | default: \"them\" }}, who has not begun" }] },
      ],
    },
  },
  {
    key: "reminder", name: "Text reminder", says: "An email, and a text a day later for whoever has not answered.",
    definition: {
      window: { days: "mon-sat", from: "10:00", to: "19:00" },
      steps: [
        { id: "email", type: "email", subject: "Your appointment", body: `Hi {{ name | default: "there" }}, shall we see each other this week?${unsubscribe}` },
        { type: "delay", days: 1 },
        { id: "text", type: "sms", body: "Hi {{ name | default: \"there\" }}, did my email reach you? Reply STOP to opt out." },
      ],
    },
  },
];

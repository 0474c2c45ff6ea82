// Logs in to a simulated PRONOTE school with the npm client pawnote, reads two weeks of timetable and homework and the
// grades of every period, logs in again with the token, and prints what it read as one JSON object.
// Usage: TZ=Europe/Paris node pawnote.mjs <page URL> <kind> <user> <password>, kind as in pawnote's AccountKind.
import * as pawnote from "pawnote";

const [url, kind, username, password] = process.argv.slice(2);
const deviceUUID = "e2e-device";

const two = (n) => String(n).padStart(2, "0");
const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
const minute = (d) => `${day(d)} ${two(d.getHours())}:${two(d.getMinutes())}`;

const lesson = (c) => ({
  start: minute(c.startDate),
  end: minute(c.endDate),
  detention: c.is === "detention",
  subject: c.subject?.name ?? "",
  teachers: c.teacherNames,
  rooms: c.classrooms,
  groups: c.groupNames ?? [],
  status: c.status ?? "",
  memo: c.notes ?? "",
  cancelled: c.canceled ?? false,
  test: c.test ?? false,
});

const work = (a) => ({
  due: day(a.deadline),
  subject: a.subject.name,
  html: a.description,
  done: a.done,
  minutes: a.length,
  difficulty: a.difficulty,
  attachments: a.attachments.map((f) => f.name),
});

// value writes a mark as people do: the number, or the kind of a mark that is none.
const value = (v) => (v === undefined ? "" : v.kind === pawnote.GradeKind.Grade ? String(v.points) : `|${v.kind}`);

const grade = (g) => ({
  date: day(g.date),
  subject: g.subject.name,
  title: g.comment,
  remark: g.commentaireSurNote,
  mark: value(g.value),
  outOf: value(g.outOf),
  coefficient: String(g.coefficient).replace(",", "."),
  average: value(g.average),
  min: value(g.min),
  max: value(g.max),
  bonus: g.isBonus,
  optional: g.isOptional,
});

const average = (s) => ({
  subject: s.subject.name,
  pupil: value(s.student),
  class: value(s.class_average),
  min: value(s.min),
  max: value(s.max),
});

const heard = {};

const session = pawnote.createSessionHandle();
const refresh = await pawnote.loginCredentials(session, { url, kind: Number(kind), username, password, deviceUUID });
pawnote.use(session, 0);
heard.user = session.user.name;
heard.resources = session.user.resources.map((r) => r.name);
heard.resource = session.userResource.name;
heard.className = session.userResource.className;
heard.firstMonday = day(session.instance.firstMonday);

const week = pawnote.translateToWeekNumber(new Date(), session.instance.firstMonday);
heard.lessons = [];
for (const n of [week, week + 1]) {
  heard.lessons.push(...(await pawnote.timetableFromWeek(session, n)).classes.map(lesson));
}
heard.homework = (await pawnote.assignmentsFromWeek(session, week, week + 1)).map(work);

const grades = session.userResource.tabs.get(pawnote.TabLocation.Grades);
heard.defaultPeriod = grades.defaultPeriod.name;
heard.periods = [];
for (const period of grades.periods) {
  const overview = await pawnote.gradesOverview(session, period);
  heard.periods.push({
    name: period.name,
    grades: overview.grades.map(grade),
    averages: overview.subjectsAverages.map(average),
    overall: value(overview.overallAverage),
    classOverall: value(overview.classAverage),
  });
}
await pawnote.presence(session);

const again = pawnote.createSessionHandle();
await pawnote.loginToken(again, { ...refresh, deviceUUID });
heard.againUser = again.user.name;

console.log(JSON.stringify(heard));

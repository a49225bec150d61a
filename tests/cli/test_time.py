#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times of looking and times of doses: one clock. Expected values are sums of exponentials, counted in whole multiples of the interval."""
import fractions
import math
import unittest

from support import INPUT, Case, numbers, table, times

F = fractions.Fraction
NEAR = 2e-5  # of a value; the engines are asked for 1e-8 a step and the doses dwarf the absolute tolerance
MODEL = """
[model]
id = "pool"
title = "One pool"
time = "{time}"
source = "made up"
[parameters]
k = {{ value = {k}, unit = "1/{time}", kind = "assumed", source = "made up", rationale = "test" }}
lag = {{ value = {lag}, unit = "{time}", kind = "assumed", source = "made up", rationale = "test" }}
[species]
A = {{ initial = 0, unit = "mg", rate = "-k*A" {dosing} }}
[outputs]
amount = {{ formula = "A", unit = "mg", label = "amount", observable = "CTX" }}
[doses]
alendronate = {{ into = "A", route = "po" }}
"""
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "week": 604800, "month": 2629800, "year": 31557600}


class Times(Case):
    def model(self, time: str = "d", lag: str = "") -> None:
        """A pool that decays at 2/d."""
        dosing = ', lag = "lag"' if lag else ""
        self.write("pool.toml", MODEL.format(time=time, k=repr(2 * SECONDS[time] / 86400), lag=lag or "0", dosing=dosing))

    def amounts(self, *arguments: str) -> list[dict[str, str]]:
        result = self.cli("simulate", "pool.toml", "--observe", "A", "--rtol", "1e-8", *arguments)
        self.assertEqual(result.code, 0, result)
        self.assertNotIn("lie beside a dose", result.err)
        return table(result.out)

    def check(self, got: list[float], want: list[float]) -> None:
        self.assertEqual(len(got), len(want), got)
        for k, (g, w) in enumerate(zip(got, want)):
            self.assertLessEqual(abs(g - w), NEAR * max(abs(w), 1e-3), f"row {k}: {g}, wanted {w}")

    def grid(self, step: F, n: int, doses: int, post: bool) -> list[float]:
        """At multiples of `step` [d], with a dose of 10 mg at each of the first `doses` of them."""
        return [sum(10 * math.exp(-2 * float(step * (j - i))) for i in range(doses) if i < j or (post and i == j)) for j in range(n + 1)]


class Grid(Times):
    def test_before_and_after_never_mix(self) -> None:
        self.model()
        for every, step, n in (("8 h", F(1, 3), 40), ("0.1 d", F(1, 10), 100), ("7 h", F(7, 24), 40), ("50 min", F(50, 1440), 60), ("0.01 month", F("0.304375"), 40)):
            until = {"0.01 month": "0.4 month"}.get(every, f"{float(every.split()[0]) * n:.10g} {every.split()[1]}")
            for engine in ("lanes", "reference"):
                for post in (False, True):
                    with self.subTest(every=every, engine=engine, post=post):
                        rows = self.amounts("--until", until, "--every", every, "--dose", f"alendronate 10 mg every {every} x {n + 1}", "--engine", engine,
                                            "--at-dose", "post" if post else "pre")
                        self.check(numbers(rows, "A"), self.grid(step, n, n + 1, post))

    def test_whatever_the_unit_of_the_model(self) -> None:
        for unit in SECONDS:
            with self.subTest(unit=unit):
                self.model(time=unit)
                rows = self.amounts("--until", "4 d", "--every", "0.1 d", "--dose", "alendronate 10 mg every 0.1 d x 41")
                self.check(numbers(rows, "A"), self.grid(F(1, 10), 40, 41, False))
                self.assertEqual(times(rows, "day"), [f"{k / 10:g}" for k in range(41)])

    def test_times_print_as_they_were_asked_for(self) -> None:
        self.model()
        rows = self.amounts("--until", "1 d", "--every", "0.1 d", "--dose", "alendronate 10 mg")
        self.assertEqual(times(rows, "day"), ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"])
        self.assertEqual(times(self.amounts("--until", "1 d", "--every", "0.3 d"), "day"), ["0", "0.3", "0.6", "0.9", "1"])
        self.assertEqual(times(self.amounts("--until", "7 d"), "day")[:8], ["0", "0.07", "0.14", "0.21", "0.28", "0.35", "0.42", "0.49"])

    def test_a_lag_is_on_the_same_clock(self) -> None:
        self.model(lag="0.1")
        rows = self.amounts("--until", "2 d", "--every", "0.1 d", "--dose", "alendronate 10 mg every 0.1 d x 20")
        self.check(numbers(rows, "A"), [0.0] + self.grid(F(1, 10), 19, 20, False))

    def test_two_units_two_texts_one_instant(self) -> None:
        self.model()
        for dose, looks in (("every 8 h x 12", "480 min"), ("every 480 min x 12", "8 h"), ("every 1 week x 12", "168 h"), ("every 1 month x 12", "730.5 h"), ("every 1 y x 3", "12 months")):
            with self.subTest(dose=dose):
                n = int(dose.split()[-1]) - 1
                step = F(looks.split()[0]) * SECONDS[looks.split()[1].rstrip("s")] / 86400
                rows = self.amounts("--until", f"{float(F(looks.split()[0]) * n):.10g} {looks.split()[1]}", "--every", looks, "--dose", f"alendronate 10 mg {dose}", "--at-dose", "post")
                self.check(numbers(rows, "A"), self.grid(step, n, n + 1, True))


class Files(Times):
    def test_times_file_in_another_unit(self) -> None:
        self.model()
        self.write("looks.csv", "time [h]\n" + "".join(f"{8 * k}\n" for k in range(13)))
        rows = self.amounts("--times", "looks.csv", "--dose", "alendronate 10 mg every 8 h x 13")
        self.check(numbers(rows, "A"), self.grid(F(1, 3), 12, 13, False))

    def test_times_that_were_computed_are_their_instants(self) -> None:
        self.model()
        computed = [0.1 * k for k in range(31)]  # 0.30000000000000004 among them
        self.write("looks.csv", "time [d]\n" + "".join(f"{t!r}\n" for t in computed))
        for post in (False, True):
            rows = self.amounts("--times", "looks.csv", "--dose", "alendronate 10 mg every 0.1 d x 31", "--at-dose", "post" if post else "pre")
            self.check(numbers(rows, "A"), self.grid(F(1, 10), 30, 31, post))

    def test_what_was_printed_reads_back(self) -> None:
        self.model()
        dose = ("--dose", "alendronate 10 mg every 8 h x 18")
        first = self.amounts("--until", "6 d", "--every", "8 h", *dose)
        self.write("again.csv", "time [day]\n" + "".join(f"{t}\n" for t in times(first, "day")))
        self.assertEqual(self.amounts("--times", "again.csv", *dose), first)

    def test_near_is_not_at(self) -> None:
        self.model()
        self.write("near.csv", "time [h]\n1e-300\n1e-9\n7.999999999\n8\n8.000000001\n")
        result = self.cli("simulate", "pool.toml", "--observe", "A", "--rtol", "1e-8", "--times", "near.csv", "--dose", "alendronate 10 mg every 8 h x 2")
        self.assertEqual(result.code, 0, result)
        before = 10 * math.exp(-2 / 3)
        self.check(numbers(table(result.out), "A"), [10, 10, before, before, before + 10])
        self.assertIn("note: 2 times of looking lie beside a dose", result.err)
        self.assertIn(f"{float(F('7.999999999') / 24)!r} is before 0.3333333333333333 d", result.err)

    def test_a_third_written_short_is_not_a_third(self) -> None:
        self.model()
        self.write("events.csv", "ID,TIME,AMT,II,ADDL,EVID\n1,0,10,0.3333333333333333,5,1\n1,0.333333,0,0,0,0\n1,0.666667,0,0,0,0\n")
        result = self.cli("simulate", "pool.toml", "--observe", "A", "--rtol", "1e-8", "--data", "events.csv", "--time-unit", "d")
        third = math.exp(-2 / 3)
        self.check(numbers(table(result.out), "A"), [10 * third, 10 * (1 + third + third * third)])
        self.assertIn("note: 2 times of looking lie beside a dose", result.err)

    def test_event_tables(self) -> None:
        self.model(time="h")
        rate = 2 / 24
        for unit, seconds in SECONDS.items():
            with self.subTest(unit=unit):
                rows = ["ID,TIME,AMT,II,ADDL,EVID", "1,0,10,0.1,40,1"] + [f"1,{k // 10}.{k % 10},0,0,0,0" for k in range(1, 41)]
                self.write("events.csv", "\n".join(rows) + "\n")
                got = self.amounts("--data", "events.csv", "--time-unit", unit)
                step = F(seconds, 36000)  # [h]
                want = [sum(10 * math.exp(-rate * float(step * (j - i))) for i in range(j + 1)) for j in range(1, 41)]
                self.check(numbers(got, "A"), want)
                self.assertEqual([r["TIME"] for r in got], [f"{k / 10:g}" for k in range(1, 41)])

    def test_an_event_table_keeps_a_look_just_before_an_additional_dose(self) -> None:
        self.model(time="h")
        self.write("events.csv", "ID,TIME,AMT,II,ADDL,EVID\n1,0,10,8,2,1\n1,7.999999999,0,0,0,0\n1,8,0,0,0,0\n1,15.9999999999,0,0,0,0\n")
        e = math.exp(-2 / 3)
        result = self.cli("simulate", "pool.toml", "--observe", "A", "--rtol", "1e-8", "--data", "events.csv", "--time-unit", "h")
        self.check(numbers(table(result.out), "A"), [10 * e, 10 * e + 10, 10 * e * e + 10 * e])

    def test_a_column_without_use_is_named(self) -> None:
        self.model()
        self.write("looks.csv", "time [h],x\n1,2\n3,4\n")
        result = self.cli("simulate", "pool.toml", "--times", "looks.csv")
        self.assertEqual((result.code, result.err), (0, "warning: looks.csv: column 'x' is not used\n"))


class Range(Times):
    def test_fractions_of_a_microsecond_are_refused_where_schedules_count_in_them(self) -> None:
        self.model()
        self.fails(INPUT, "simulate", "pool.toml", "--until", "1 d", "--dose", "alendronate 10 mg every 0.3333333333 d x 3",
                   says=("column 25", "'0.3333333333 d' is 28799.99999712 seconds, no whole number of microseconds", "'8 h' for a third of a day"))

    def test_a_run_of_a_microsecond(self) -> None:
        self.write("fast.toml", MODEL.format(time="s", k="2e6", lag="0", dosing="").replace(
            "initial = 0,", 'initial = 10, kind = "assumed", source = "made up", rationale = "test",'))
        for engine in ("lanes", "reference"):
            with self.subTest(engine=engine):
                rows = table(self.cli("simulate", "fast.toml", "--observe", "A", "--rtol", "1e-8", "--until", "1 us", "--every", "10 ns", "--engine", engine).out)
                self.assertEqual(times(rows, "us")[:5], ["0", "0.01", "0.02", "0.03", "0.04"])
                self.check(numbers(rows, "A"), [10 * math.exp(-0.02 * k) for k in range(101)])

    def test_a_million_years_keeps_its_doses(self) -> None:
        self.model()
        rows = self.amounts("--until", "1e6 years", "--every", "500000 years", "--dose", "alendronate 10 mg every 1 week x 3", "--at-dose", "post")
        self.assertEqual(times(rows, "year"), ["0", "5e+05", "1e+06"])
        self.check(numbers(rows, "A"), [10, 0, 0])


class Scenarios(Times):
    def scenario(self, until: str, every: str, regimen: str) -> list[dict[str, str]]:
        self.model()
        self.write("s.toml", f"""
[scenario]
title = "grid"
until = "{until}"
every = "{every}"
[models.pk]
document = "pool.toml"
[arms.a]
regimen = "alendronate 10 mg {regimen}"
[solver]
rtol = 1e-8
[report]
values = "absolute"
""")
        self.ok("run", "s.toml", "-o", "out", "--overwrite", "--quiet")
        return table((self.dir / "out/trajectories.csv").read_text(encoding="utf-8"))

    def test_values_before_the_dose_throughout(self) -> None:
        rows = self.scenario("6 d", "8 h", "every 8 h x 18")
        self.check(numbers(rows, "value"), self.grid(F(1, 3), 18, 18, False))
        rows = self.scenario("1 d", "0.1 d", "every 0.1 d x 20")
        self.check(numbers(rows, "value"), self.grid(F(1, 10), 10, 20, False))

    def test_months_print_as_asked(self) -> None:
        rows = self.scenario("1 month", "0.1 month", "every 0.1 month x 9")
        self.assertEqual([r["month"] for r in rows], ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"])

    def test_hundredths_of_a_second_are_times_of_their_own(self) -> None:
        rows = self.scenario("1 s", "10 ms", "every 1 d x 1")
        self.assertEqual(len(rows), 101)
        self.check(numbers(rows, "value")[1:], [10 * math.exp(-2 * 0.01 * k / 86400) for k in range(1, 101)])


if __name__ == "__main__":
    unittest.main()

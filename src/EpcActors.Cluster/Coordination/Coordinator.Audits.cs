using EpcActors.Cluster.Transport;
using EpcActors.Results;

namespace EpcActors.Cluster.Coordination;

/// <content>Audits over all processes.</content>
public sealed partial class Coordinator
{
    /// <summary>
    /// The first one comes early, so that a short run has one too; the gaps double from there to what the scenario asks
    /// for.
    /// </summary>
    private const long FirstAuditNs = 50_000_000;

    /// <summary>At most this share of a run goes into audits: one part of so many.</summary>
    private const long AuditShare = 20;

    private readonly Findings _findings = new();
    private Cut? _cut;
    private int _cuts;
    private int _audits;
    private int _droppedAudits;
    private long _auditsTookNs;
    private long _longestAuditNs;
    private long _auditGapNs;
    private long _nextAuditNs;
    private bool _wasAuditedAtTheEnd;
    private bool _isIncomplete;

    private void BeginAudits()
    {
        _auditGapNs = Math.Min(FirstAuditNs, _options.Scenario.Cluster.AuditEveryNs);
        _nextAuditNs = _auditGapNs;
    }

    private void LookAtAudits()
    {
        if (_phase != Phase.Running || _options.Scenario.Cluster.AuditEveryNs == 0)
        {
            return;
        }

        if (_cut is { } open)
        {
            if (RunNs - open.BegunNs > FailureTimeoutNs)
            {
                DropCut();
            }

            return;
        }

        if (RunNs < _nextAuditNs || !IsViewSettled)
        {
            return;
        }

        _cut = new Cut(++_cuts, RunNs);
        foreach (Member member in _members.Where(one => one.IsAlive))
        {
            _cut.Awaited.Add(member.Number);
            Tell(member, new ControlMessage.BeginCut(_cut.Number));
        }
    }

    private void OnCutPart(Member member, ControlMessage.CutPart part)
    {
        if (_cut is not { } cut || cut.Number != part.Number || !cut.Awaited.Remove(member.Number))
        {
            return;
        }

        cut.Parts.Add(part);
        if (cut.Awaited.Count > 0)
        {
            return;
        }

        if (ClusterAudit.WhyNot(cut.Parts, _view) is not null)
        {
            DropCut();
            return;
        }

        _cut = null;
        long tookNs = RunNs - cut.BegunNs;
        _audits++;
        _auditsTookNs += tookNs;
        _longestAuditNs = Math.Max(_longestAuditNs, tookNs);
        ScheduleAudit(tookNs);
        IReadOnlyList<ClusterFinding> found = ClusterAudit.Check(cut.Parts, _view, _rules, atRest: false);
        NoteFound(found);
        foreach (Death death in _deaths)
        {
            if (
                found.Count == 0
                && death.CleanAuditNs is null
                && cut.BegunNs >= death.AtNs
                && death.Epoch <= _view.Epoch)
            {
                death.CleanAuditNs = RunNs - death.AtNs;
            }
        }
    }

    private void DropCut()
    {
        if (_cut is not null)
        {
            _cut = null;
            _droppedAudits++;

            // Soon again: after a death the next one is waited for.
            _nextAuditNs = RunNs + Math.Min(FirstAuditNs, _options.Scenario.Cluster.AuditEveryNs);
        }
    }

    private void ScheduleAudit(long tookNs)
    {
        _auditGapNs = Math.Min(_auditGapNs * 2, _options.Scenario.Cluster.AuditEveryNs);
        bool isDeathOpen = _deaths.Exists(one => one.CleanAuditNs is null);
        _nextAuditNs = RunNs + Math.Max(isDeathOpen ? FirstAuditNs : _auditGapNs, AuditShare * tookNs);
    }

    /// <summary>
    /// Audits the final state: nothing runs any more, and each process has sent what it had. A process that stops
    /// neither sends nor receives, so the final states form one cut, whenever each process stopped.
    /// </summary>
    private void AuditTheRest()
    {
        List<ControlMessage.CutPart> parts =
        [
            .. _members
                .Where(one => one is { IsAlive: true, Result: not null })
                .Select(one => one.Result!.Rest with { IsComplete = true }),
        ];
        if (_isIncomplete || parts.Count == 0 || ClusterAudit.WhyNot(parts, _view) is not null)
        {
            return;
        }

        _wasAuditedAtTheEnd = true;
        NoteFound(ClusterAudit.Check(parts, _view, _rules, atRest: _end == RunEndKind.Finished));
    }

    private void NoteFound(IReadOnlyList<ClusterFinding> found)
    {
        foreach (ClusterFinding finding in found)
        {
            _findings.Note(
                finding.Rule,
                finding.Subject,
                _phase == Phase.Running ? RunNs : _endNs - _startedNs,
                finding.Detail);
        }
    }

    private IReadOnlyList<ViolationReport> Violations() => _findings.ToReports();

    /// <summary>A cut under way.</summary>
    private sealed class Cut(int number, long begunNs)
    {
        public int Number { get; } = number;

        public long BegunNs { get; } = begunNs;

        public HashSet<int> Awaited { get; } = [];

        public List<ControlMessage.CutPart> Parts { get; } = [];
    }

    /// <summary>
    /// Findings, one for each subject: a subject that is wrong at one audit is wrong at the next one too.
    /// </summary>
    private sealed class Findings
    {
        private readonly Dictionary<(string Rule, string Subject), (long AtNs, string Detail, int Times)> _found = [];

        public bool IsEmpty => _found.Count == 0;

        public void Note(string rule, string subject, long atNs, string detail)
        {
            _found[(rule, subject)] = _found.TryGetValue(
                (rule, subject),
                out (long AtNs, string Detail, int Times) known)
                ? known with
                {
                    Times = known.Times + 1,
                }
                : (atNs, detail, 1);
        }

        public IReadOnlyList<ViolationReport> ToReports() =>
            [
                .. _found
                    .OrderBy(one => one.Value.AtNs)
                    .ThenBy(one => one.Key.Subject, StringComparer.Ordinal)
                    .Select(one => new ViolationReport(
                        one.Key.Rule,
                        one.Value.AtNs,
                        one.Value.Detail
                            + (one.Value.Times == 1 ? "" : $" (found by {one.Value.Times} audits; this is the first)")
                    )),
            ];
    }
}

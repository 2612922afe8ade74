using System.Globalization;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Cluster.Coordination;

/// <summary>
/// The oracle of what no process sees alone: the shared counters against what the members say they were granted, and
/// the pages that are lent. Pure: the same parts give the same findings.
/// </summary>
/// <remarks>
/// <para>The parts are of one cut, so a frame that is counted as received is counted as sent. The owner's record of a
/// member's part then equals what that member was granted, plus the effect of those of the member's open calls that the
/// owner has executed: both sides name the call by its number. There is no tolerance.</para>
/// <para>Each process compares its own lists with what its tasks were told (<see cref="Gateway.UsedOf"/>), and its
/// gateway that with what was granted; here is the last link of that chain.</para>
/// </remarks>
public static class ClusterAudit
{
    /// <summary>
    /// Reason why these parts cannot be compared, or null: a member is missing, left before the cut, or had another
    /// view.
    /// </summary>
    /// <param name="parts">Parts that the members sent.</param>
    /// <param name="view">The view of the coordinator.</param>
    public static string? WhyNot(IReadOnlyList<ControlMessage.CutPart> parts, ClusterView view)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(view);
        foreach (ControlMessage.CutPart part in parts)
        {
            GatewaySnapshot gateway = part.Gateway;
            if (!part.IsComplete)
            {
                return $"the run of member {gateway.Member} ended meanwhile";
            }

            if (gateway.IsFenced || view.IncarnationOf(gateway.Member) != gateway.Incarnation)
            {
                return $"incarnation {gateway.Incarnation} of member {gateway.Member} is dead";
            }

            if (gateway.Epoch != view.Epoch)
            {
                return $"member {gateway.Member} had view {gateway.Epoch}, the coordinator has {view.Epoch}";
            }
        }

        foreach (int member in view.Alive())
        {
            if (parts.Count(part => part.Gateway.Member == member) != 1)
            {
                return $"there is no part of member {member}";
            }
        }

        return null;
    }

    /// <summary>Compares.</summary>
    /// <param name="parts">One part of each living member, all of one cut and one view (see <see
    /// cref="WhyNot"/>).</param>
    /// <param name="view">That view.</param>
    /// <param name="rules">The scenario.</param>
    /// <param name="atRest">Nothing is under way anywhere, and each member has handled all deaths.</param>
    public static IReadOnlyList<ClusterFinding> Check(
        IReadOnlyList<ControlMessage.CutPart> parts, ClusterView view, ClusterAuditRules rules, bool atRest)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (WhyNot(parts, view) is { } why)
        {
            throw new ArgumentException($"these parts cannot be compared: {why}", nameof(parts));
        }

        return new Comparison(parts, view, rules, atRest).Run();
    }

    private sealed class Comparison
    {
        private readonly Dictionary<int, ControlMessage.CutPart> _parts;
        private readonly ClusterView _view;
        private readonly ClusterAuditRules _rules;
        private readonly bool _atRest;
        private readonly List<ClusterFinding> _findings = [];

        public Comparison(
            IReadOnlyList<ControlMessage.CutPart> parts,
            ClusterView view,
            ClusterAuditRules rules,
            bool atRest)
        {
            _parts = parts.ToDictionary(part => part.Gateway.Member);
            _view = view;
            _rules = rules;
            _atRest = atRest;
        }

        public List<ClusterFinding> Run()
        {
            foreach ((int member, ControlMessage.CutPart part) in _parts.OrderBy(one => one.Key))
            {
                Dictionary<(int Member, int Caller, uint Sequence), long> served = [];
                foreach (ServedCall call in part.Gateway.Served)
                {
                    served[(call.Member, call.Caller, call.Sequence)] = call.Effect;
                }

                // Shared counters that are being rebuilt are not among them: their values are not known yet.
                foreach (OwnedCounter owned in part.Gateway.Owners)
                {
                    Parts(member, owned, served);
                    Value(owned);
                    Limits(owned);
                }
            }

            for (int node = 0; node < _rules.MemberOfNode.Count; node++)
            {
                Loans(node);
            }

            if (_atRest)
            {
                CounterAtRest();
            }

            return _findings;
        }

        private void Parts(
            int keeper,
            OwnedCounter owned,
            Dictionary<(int Member, int Caller, uint Sequence), long> served)
        {
            for (int member = 0; member < _view.MemberCount; member++)
            {
                long said = owned.Parts[member];
                if (!_parts.TryGetValue(member, out ControlMessage.CutPart? part))
                {
                    if (said != 0)
                    {
                        Find(
                            owned.Counter,
                            $"m{member}",
                            $"{Name(owned)}: its owner, member {keeper}, still counts {said} for member {member}, "
                                + "which is dead");
                    }

                    continue;
                }

                long granted = part.Gateway.Granted[owned.Counter];
                long executed = 0;
                int open = 0;
                foreach (OpenCall call in part.Gateway.Calls)
                {
                    if (call.Counter == owned.Counter && call.Target == keeper)
                    {
                        open++;
                        executed += served.GetValueOrDefault((member, call.Caller, call.Sequence));
                    }
                }

                if (said != granted + executed)
                {
                    Find(
                        owned.Counter,
                        $"m{member}",
                        $"{Name(owned)}: its owner, member {keeper}, says that member {member} has {said}; member "
                        + $"{member} says {granted}, and {executed} more come from "
                        + $"those of its {open} open calls that were executed: {Signed(said - granted - executed)}");
                }
            }
        }

        private void Value(OwnedCounter owned)
        {
            long sum = owned.Parts.Sum();
            if (owned.Value == sum)
            {
                return;
            }

            string detail = owned.Counter == _rules.FreePageCounter
                ? $"sgx_nr_free_pages is {owned.Value}, and {sum} by what the members did to it: "
                    + $"{Signed(owned.Value - sum)}"
                    + (_rules.Counter == FreePageCounterMode.Racy ? "; an unprotected += lost updates" : "")
                : $"{Name(owned)} is {owned.Value}, and the parts of the members are {sum}: "
                    + $"{Signed(owned.Value - sum)}";
            Find(owned.Counter, "value", detail);
        }

        private void Limits(OwnedCounter owned)
        {
            if (owned.Counter == _rules.FreePageCounter)
            {
                return;
            }

            // Page by page what is refused was added and is taken back in a step of its own, as misc_cg_try_charge
            // does: between the two it stands there.
            if (_rules.ChargeBatch == 1 && !_atRest)
            {
                return;
            }

            bool isAbove = owned.Value > Limit.Of(owned.Max).Bytes;
            if (isAbove && !_rules.WrittenLimits.Contains(owned.Counter))
            {
                Violate(
                    Rules.CgroupLimit,
                    $"{owned.Counter}/max",
                    $"{Name(owned)} is {owned.Value}, above misc.max {Limit.Of(owned.Max)}");
            }

            // Pages of a dead socket are charged until their enclaves are gone.
            bool isComplete = _view.Alive().Count() == _view.MemberCount;
            if (isComplete && owned.Value > owned.Capacity)
            {
                Violate(
                    Rules.CgroupLimit,
                    $"{owned.Counter}/capacity",
                    $"{Name(owned)} is {owned.Value}, above misc.capacity {owned.Capacity}");
            }
        }

        private void Loans(int node)
        {
            int owner = _rules.MemberOfNode[node];
            NodePart? lender = _parts.TryGetValue(owner, out ControlMessage.CutPart? of)
                ? of.Nodes.FirstOrDefault(one => one.Node == node)
                : null;
            if (lender is null)
            {
                return;
            }

            int borrowed = 0;
            long borrowedSum = 0;
            long present = 0;
            foreach (ControlMessage.CutPart part in _parts.Values)
            {
                NodePart? here = part.Nodes.FirstOrDefault(one => one.Node == node);
                present += here?.Present ?? 0;
                if (part.Gateway.Member != owner)
                {
                    borrowed += here?.Borrowed ?? 0;
                    borrowedSum += here?.BorrowedSum ?? 0;
                }
            }

            // A socket that came back has lent nothing, while others may still have pages of its last life, until their
            // enclaves are dead.
            bool isFirstLife = _view.JoinedAt(owner) == 1;
            if (isFirstLife && borrowed > lender.Lent)
            {
                Violate(
                    Rules.PageConservation,
                    $"node {node}/borrowed",
                    $"node {node}: member {owner} has lent {Counted.Of(lender.Lent, "page")}, and others have "
                        + $"{borrowed} of them: in two places are {Counted.Of(borrowed - lender.Lent, "page")}");
            }

            if (!_atRest)
            {
                return;
            }

            if (lender.Lent > borrowed)
            {
                string which = lender.Lent - borrowed == 1 ? $": epc:{lender.LentSum - borrowedSum}" : "";
                Violate(
                    Rules.PageConservation,
                    $"node {node}/lent",
                    $"node {node}: member {owner} has lent {Counted.Of(lender.Lent, "page")}, others have {borrowed}, "
                        + $"and nothing is under way: {lender.Lent - borrowed} are nowhere{which}");
            }
            else if (lender.LentSum != borrowedSum)
            {
                Violate(
                    Rules.PageConservation,
                    $"node {node}/which",
                    $"node {node}: the {Counted.Of(lender.Lent, "page")} that member {owner} has lent are not the "
                        + $"{borrowed} that others have borrowed: the sums of their numbers differ by "
                        + $"{lender.LentSum - borrowedSum}");
            }
            else if (present != _rules.CapacityPages[node])
            {
                Violate(
                    Rules.PageConservation,
                    $"node {node}/present",
                    $"node {node} has {_rules.CapacityPages[node]} pages, and all processes together have {present} of "
                        + "them");
            }
        }

        /// <summary>
        /// While tasks are on their way between a list and the counter each process knows what it owes; when nothing
        /// moves the sums are equal.
        /// </summary>
        private void CounterAtRest()
        {
            OwnedCounter? counter = _parts
                .Values.SelectMany(part => part.Gateway.Owners)
                .FirstOrDefault(owned => owned.Counter == _rules.FreePageCounter);
            if (counter is null || _rules.Counter == FreePageCounterMode.PerNode)
            {
                return;
            }

            // Each node counts with its list, poisoned pages included as upstream counts them. Pages that processes
            // have in advance are free and off the counter.
            long listed = _parts.Values.SelectMany(part => part.Nodes).Sum(node => node.OwnCounter);
            long ahead = -_parts.Values.Sum(part => part.Gateway.Stock[_rules.FreePageCounter]);
            if (counter.Value + ahead != listed)
            {
                string and = ahead > 0 ? $", processes have {ahead} in advance" : "";
                Violate(
                    Rules.FreePageCounter,
                    "lists",
                    $"sgx_nr_free_pages is {counter.Value}{and} and the lists of all processes hold {listed}, with "
                        + $"nothing under way: {Signed(counter.Value + ahead - listed)}");
            }
        }

        private void Find(int counter, string subject, string detail) =>
            Violate(
                counter == _rules.FreePageCounter ? Rules.FreePageCounter : Rules.CgroupUsage,
                $"{counter}/{subject}",
                detail);

        private void Violate(string rule, string subject, string detail) =>
            _findings.Add(new ClusterFinding(rule, subject, detail));

        private string Name(OwnedCounter owned) => _rules.NameOf(owned.Counter);

        private static string Signed(long difference) => difference.ToString("+0;-0", CultureInfo.InvariantCulture);
    }
}

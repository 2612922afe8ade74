using System.Runtime.CompilerServices;
using EpcActors.Engine.Simulation.Exploring;

namespace EpcActors.Races;

/// <content>Moments of a run, for searches that go back to them.</content>
public sealed partial class RaceWorld
{
    private readonly List<WorldMoment> _moments = [];

    // Shares of the fingerprint, of one moment behind the other.
    private ulong[] _sharesOfMoments = [];
    private StateKeeper? _keeper;
    private long _resets;

    public override int Moments => _moments.Count;

    public override long Resets => _resets;

    public override bool TryKeep()
    {
        // Where expressions are interpreted, as in a browser, making the steps again is cheaper.
        if (!RuntimeFeature.IsDynamicCodeCompiled || !Engine.CanKeep())
        {
            return false;
        }

        _keeper ??= new StateKeeper(_image, IsTouched, Oracle, Counts);
        _keeper.Keep(Engine);
        int at = _moments.Count * _shares.Length;
        if (_sharesOfMoments.Length < at + _shares.Length)
        {
            Array.Resize(ref _sharesOfMoments, (at + _shares.Length) * 2);
        }

        _shares.CopyTo(_sharesOfMoments, at);
        _moments.Add(new WorldMoment(KeepJudgement(), _sum));
        return true;
    }

    public override void ReturnTo(int moment)
    {
        _keeper!.ReturnTo(moment, Engine);
        WorldMoment back = _moments[moment];
        _moments.RemoveRange(moment + 1, _moments.Count - moment - 1);
        RestoreJudgement(back.Judgement);
        _sharesOfMoments.AsSpan(moment * _shares.Length, _shares.Length).CopyTo(_shares);
        _sum = back.Sum;
    }

    /// <summary>Roots are resources first, then tasks.</summary>
    private bool IsTouched(int root) => root < _resourceOfRoot.Length
        ? (Engine.Touched[_resourceOfRoot[root]] & StateKeeper.SinceMoment) != 0
        : (Engine.Moved[root - _resourceOfRoot.Length] & StateKeeper.SinceMoment) != 0;

    private void ForgetMoments()
    {
        _resets++;
        if (_moments.Count > 0)
        {
            _moments.Clear();
            _keeper!.Clear();
        }
    }

    /// <param name="Judgement">Of the base class.</param>
    /// <param name="Sum">Of the shares of the fingerprint.</param>
    private readonly record struct WorldMoment(LabMoment Judgement, ulong Sum);
}

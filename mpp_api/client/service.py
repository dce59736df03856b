"""All that can be asked of the service, by the name of the method."""

from mpp_api.client.calls import campaigns as of_campaigns
from mpp_api.client.calls import messages as of_messages
from mpp_api.client.calls import operation, writing
from mpp_api.client.calls import recommendations as of_recommendations
from mpp_api.client.calls import users as of_users
from mpp_api.client.methods import Listing, Method


class ServiceMethods:
    """What both clients can do. `every_...` iterates over the items of all pages."""

    recommendations = Method(of_recommendations.recommendations)
    every_recommendation = Listing(
        of_recommendations.recommendations,
        lambda reply: reply.items,
        lambda reply: reply.next_cursor,
    )
    recommendations_of_many = Method(of_recommendations.recommendations_of_many)

    users = Method(of_users.users)
    every_user = Listing(of_users.users, lambda reply: reply.users, lambda reply: reply.next_cursor)
    user_profile = Method(of_users.user_profile)
    user_engagement = Method(of_users.user_engagement)
    user_timeline = Method(of_users.user_timeline)
    every_message_of_user = Listing(
        of_users.user_timeline, lambda reply: reply.messages, lambda reply: reply.next_cursor
    )
    similar_users = Method(of_users.similar_users)

    campaigns = Method(of_campaigns.campaigns)
    every_campaign = Listing(
        of_campaigns.campaigns, lambda reply: reply.campaigns, lambda reply: reply.next_cursor
    )
    trending_campaigns = Method(of_campaigns.trending_campaigns)
    campaign = Method(of_campaigns.campaign)
    campaign_performance = Method(of_campaigns.campaign_performance)
    campaign_audience = Method(of_campaigns.campaign_audience)
    everybody_in_audience = Listing(
        of_campaigns.campaign_audience, lambda reply: reply.users, lambda reply: reply.next_cursor
    )
    similar_campaigns = Method(of_campaigns.similar_campaigns)
    campaign_feedback = Method(of_campaigns.campaign_feedback)

    search_messages = Method(of_messages.search_messages)
    latest_messages = Method(of_messages.latest_messages)
    every_message = Listing(
        of_messages.latest_messages, lambda reply: reply.messages, lambda reply: reply.next_cursor
    )
    message_provenance = Method(of_messages.message_provenance)

    releases = Method(operation.releases)
    every_release = Listing(
        operation.releases,
        lambda reply: reply.releases,
        lambda reply: reply.next_before,
        cursor="before",
    )
    current_release = Method(operation.current_release)
    release = Method(operation.release)
    report = Method(operation.report)
    report_page = Method(operation.report_page)
    health = Method(operation.health)
    metrics = Method(operation.metrics)

    send_events = Method(writing.send_events)
    send_feedback = Method(writing.send_feedback)
    undo_dismissal = Method(writing.undo_dismissal)
    erase_user = Method(writing.erase_user)
    erasure = Method(writing.erasure)
